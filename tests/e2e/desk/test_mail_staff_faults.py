"""What goes wrong between the hub and staff who answer by mail is told to people, and reaches no customer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e import stored
from tests.e2e.channels.customer import until
from tests.e2e.channels.town import SUPPORT
from tests.e2e.desk.mail_staff import MailStaff, asking, mail_staff, text_of
from tests.e2e.knowledge_copy import run_command

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_BOUNCE = Path(__file__).parents[2] / "fixtures" / "email" / "bounce.eml"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[MailStaff]:
    async with mail_staff(tmp_path_factory.mktemp("mail-staff-faults"), knowledge_template) as built:
        yield built


def _listed(staff: MailStaff, words: str) -> list[Any]:
    found = json.loads(run_command(staff.hub.data_dir, "waiting", "--json").stdout)["waiting"]
    return [one for one in found if words in one["last_words"]]


async def test_a_mail_that_bounces_is_a_dead_letter_and_the_request_stays_listed(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        bounce = _BOUNCE.read_bytes().replace(b"{message_id}", str(mail["Message-ID"]).encode())
        await staff.post.deliver(bounce, SUPPORT)
        dead = "SELECT last_error FROM outbox WHERE channel = 'desk' AND status = 'dead'"
        await until(lambda: stored.rows(staff.hub, dead), staff.hub.log_tail)
        shown = run_command(staff.hub.data_dir, "dead-letters", "list").stdout
        assert "550 5.1.1 The email account does not exist" in shown
        assert _listed(staff, scene.words)
        assert await scene.status() == "queued"


async def test_a_reply_with_a_file_reaches_the_customer_with_it(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        reply = staff.written(mail, "Here is the label.")
        reply.add_attachment("Print me", subtype="plain", filename="label.txt")
        await staff.deliver(reply)
        await scene.reads("Here is the label.")
        answer = await scene.visitor.call("GET", f"/api/sessions/{scene.visitor.id}/history?limit=200")
        files = [file["name"] for one in answer.body["messages"] for file in one.get("attachments", ())]
        assert files == ["label.txt"]


async def test_of_two_who_answer_at_once_one_is_told_that_it_was_not_sent(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        both = [
            staff.written(mail, f"{name} answers.", sender=f"{name} <{name}@acme.example>") for name in ("ann", "bob")
        ]
        await asyncio.gather(*(staff.deliver(one) for one in both))
        *_, told = await staff.got(scene.words, 2)
        assert "Not sent" in text_of(told)
        await until(scene.settled, staff.hub.log_tail)
        said = [text for author, text, _ in await scene.said() if author == "staff" and "answers." in text]
        assert len(said) == 1, said


async def test_a_command_below_a_greeting_is_asked_back(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        await staff.reply(mail, "Hello,\n\n\xa0/bot \n\nGrace")
        *_, told = await staff.got(scene.words, 2)
        assert "looks like a command" in text_of(told)
        await until(scene.settled, staff.hub.log_tail)
        assert [author for author, *_ in await scene.said()] == ["system"]
        assert await scene.status() == "queued"


async def test_a_reply_by_another_address_is_told_and_begins_no_conversation(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        before = _customers(staff)
        await staff.reply(mail, "From my private address.", sender="Grace <grace@home.example>")
        *_, told = await staff.got(scene.words, 2)
        assert "grace@home.example answered a mail of this case" in text_of(told)
        assert "From my private address." in text_of(told)
        await staff.reply(told, "/resolve\nDone.", sender="Grace <grace@home.example>")
        await staff.got(scene.words, 3)
        await until(scene.settled, staff.hub.log_tail)
        assert await scene.status() == "queued"
        assert _customers(staff) == before


def _customers(staff: MailStaff) -> int:
    """Conversations of customers by mail."""
    found = "SELECT count(*) AS number FROM conversation WHERE channel = 'email' AND audience = 'customer'"
    return int(stored.rows(staff.hub, found)[0]["number"])


async def test_a_case_goes_on_at_another_address_and_without_staff(staff: MailStaff) -> None:
    other = "desk@other.example"
    async with asking(staff) as (scene, mail):
        await staff.reply(mail, "Grace is here.")
        await scene.reads("Grace is here.")
        before = _customers(staff)
        await staff.restart(STAFF_EMAIL=other)
        await until(lambda: staff.mails(scene.words, other), staff.hub.log_tail)
        (moved,) = staff.mails(scene.words, other)
        assert "Grace is here." in text_of(moved)
        await staff.reply(mail, "Grace again.")
        await until(lambda: len(staff.mails(scene.words, other)) == 2, staff.hub.log_tail)
        assert "grace@acme.example answered a mail of this case" in text_of(staff.mails(scene.words, other)[1])
        await staff.reply(moved, "The new desk.", sender=f"Desk <{other}>")
        await scene.reads("The new desk.")
        await staff.restart(STAFF_EMAIL="")
        await until(lambda: bool(_listed(staff, scene.words)), staff.hub.log_tail)
        assert "30 days" in (await scene.says("How long can I return a parcel?"))["message"]
        await staff.reply(moved, "Too late.", sender=f"Desk <{other}>")
        (listed,) = _listed_of(staff, await _case(scene))
        await until(lambda: "Too late." in _log(staff, listed["id"]), staff.hub.log_tail)
        assert not [one for one in await scene.said() if "Grace again" in one[1] or "Too late" in one[1]]
        assert _customers(staff) == before


def _log(staff: MailStaff, case_id: str) -> str:
    return run_command(staff.hub.data_dir, "case", case_id).stdout


def _listed_of(staff: MailStaff, case_id: str) -> list[Any]:
    found = json.loads(run_command(staff.hub.data_dir, "waiting", "--json").stdout)["waiting"]
    return [one for one in found if one["id"] == case_id]


async def _case(scene: Any) -> str:
    home = stored.rows(scene.staff.hub, "SELECT id FROM conversation WHERE thread = ?", scene.visitor.id)[0]["id"]
    return f"{home}.1"
