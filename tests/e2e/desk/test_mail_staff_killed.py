"""A hub that is killed at each step between a request, its mail, the reply and the customer loses and doubles nothing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e import stored
from tests.e2e.channels.customer import until
from tests.e2e.channels.town import SUPPORT
from tests.e2e.desk.mail_staff import MailStaff, mail_staff, text_of
from tests.e2e.visitor import visiting

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_HOME = "(SELECT id FROM conversation WHERE thread = :session)"
_ON_THE_WAY_OUT = {
    "it is accepted": f"SELECT 1 FROM message WHERE conversation_id = {_HOME}",
    "it is decided": "SELECT 1 FROM conversation WHERE channel = 'desk' AND thread LIKE :case",
    "the mail is begun": (
        "SELECT 1 FROM outbox o JOIN conversation c ON c.id = o.conversation_id "
        "WHERE c.channel = 'desk' AND c.thread LIKE :case AND o.status <> 'due'"
    ),
}
_ON_THE_WAY_BACK = {
    "nothing was read": "SELECT 1",
    "it is accepted": "SELECT 1 FROM conversation WHERE audience = 'staff' AND thread LIKE :thread AND last_seq > 0",
    "it is passed on": f"SELECT 1 FROM message WHERE author = 'staff' AND conversation_id = {_HOME}",
    "it is sent": (
        f"SELECT 1 FROM outbox o JOIN message m ON m.id = o.message_id WHERE m.author = 'staff' "
        f"AND o.status <> 'due' AND o.conversation_id = {_HOME}"
    ),
}


def _in_the_soak_but(chosen: str, steps: Iterable[str]) -> list[Any]:
    """``faults/test_kill_*`` kill at each hop."""
    return [one if one == chosen else pytest.param(one, marks=pytest.mark.soak(small=False)) for one in steps]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[MailStaff]:
    async with mail_staff(tmp_path_factory.mktemp("mail-staff-killed"), knowledge_template) as built:
        yield built


async def _killed_when(staff: MailStaff, session: str, statement: str) -> None:
    """As soon as the database says so, or soon after; then it is started again."""
    home = stored.rows(staff.hub, "SELECT id FROM conversation WHERE thread = ?", session)
    case = f"{home[0]['id']}.%" if home else "none"
    asked = statement.replace(":session", f"'{session}'").replace(":thread", f"'case/{case}'")
    await until(lambda: stored.rows(staff.hub, asked.replace(":case", f"'{case}'")), staff.hub.log_tail)
    await asyncio.to_thread(staff.hub.kill)
    await asyncio.to_thread(staff.hub.start)


def _unique(mails: list[EmailMessage]) -> list[EmailMessage]:
    """A mail that was handed over while the hub died is handed over once more, as the same mail."""
    return list({str(mail["Message-ID"]): mail for mail in mails}.values())


async def _messages_of(visitor: Any, author: str) -> Counter[str]:
    answer = await visitor.call("GET", f"/api/sessions/{visitor.id}/history?limit=200")
    return Counter(one["content"] for one in answer.body["messages"] if one["author"] == author)


async def _settled(staff: MailStaff) -> None:
    def nothing_is_open() -> bool:
        return not (
            stored.rows(staff.hub, "SELECT id FROM conversation WHERE done_seq < last_seq")
            or stored.rows(staff.hub, "SELECT id FROM outbox WHERE status IN ('due', 'sending')")
        )

    await until(nothing_is_open, staff.hub.log_tail)


@pytest.mark.parametrize("step", _in_the_soak_but("the mail is begun", _ON_THE_WAY_OUT))
async def test_a_request_reaches_staff_as_one_thread(staff: MailStaff, step: str) -> None:
    words = f"killed when {step}"
    async with visiting(staff.hub) as visitor:
        message = {"message": f"{words}: I want to talk to a person", "client_id": "c1"}
        asked = await visitor.call("POST", f"{visitor.messages_path}?wait=0", json=message)
        assert asked.status == 202
        await _killed_when(staff, visitor.id, _ON_THE_WAY_OUT[step])
        await until(lambda: staff.mails(words), staff.hub.log_tail)
        await _settled(staff)
        (mail,) = _unique(staff.mails(words))
        assert text_of(mail).count(words) >= 1
        assert sum((await _messages_of(visitor, "system")).values()) == 1


@pytest.mark.parametrize("step", _in_the_soak_but("it is sent", _ON_THE_WAY_BACK))
async def test_a_reply_reaches_the_customer_once(staff: MailStaff, step: str) -> None:
    words = f"answered and killed when {step}"
    async with visiting(staff.hub) as visitor:
        await visitor.say(f"{words}: I want to talk to a person", client_id="c1")
        await until(lambda: staff.mails(words), staff.hub.log_tail)
        mail = _unique(staff.mails(words))[0]
        reply = staff.written(mail, f"/resolve\nDone, {step}.")
        await staff.post.deliver(reply, SUPPORT)
        await _killed_when(staff, visitor.id, _ON_THE_WAY_BACK[step])
        await until(
            lambda: stored.rows(
                staff.hub,
                "SELECT 1 FROM conversation WHERE thread = ? AND state = 'resolved'",
                visitor.id,
            ),
            staff.hub.log_tail,
        )
        await _settled(staff)
        assert await _messages_of(visitor, "staff") == Counter({f"Done, {step}.": 1})
        assert max((await _messages_of(visitor, "system")).values()) == 1
