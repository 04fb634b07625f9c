"""A person without Slack: a request becomes a mail, and what staff reply by mail reaches the customer once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.channels.customer import until
from tests.e2e.desk.mail_staff import TEAM, MailStaff, asking, mail_staff, text_of
from tests.e2e.knowledge_copy import run_command

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

_QUESTION = "How long can I return a parcel?"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[MailStaff]:
    async with mail_staff(tmp_path_factory.mktemp("mail-staff"), knowledge_template) as built:
        yield built


async def test_a_reply_by_mail_reaches_the_customer_and_the_agent_is_silent_until_it_is_handed_back(
    staff: MailStaff,
) -> None:
    async with asking(staff) as (scene, first):
        assert first["To"] == TEAM
        assert first["Auto-Submitted"] == "auto-generated"
        assert scene.words in text_of(first)
        assert "##- Write your reply above this line -##" in text_of(first)
        assert await scene.status() == "queued"
        await scene.says(_QUESTION)
        _, second = await staff.got(scene.words, 2)
        assert (second["References"], second["Subject"]) == (first["References"], first["Subject"])
        assert _QUESTION in text_of(second)
        await staff.reply(second, "We have found it.\nIt comes tomorrow.")
        assert await scene.reads("found it") == ("staff", "We have found it.\nIt comes tomorrow.", "Grace Hopper")
        await scene.reads("Grace Hopper")
        assert await scene.status() == "staff"
        await scene.says(f"{_QUESTION} Again.")
        await staff.got(scene.words, 3)
        assert "agent" not in {author for author, *_ in (await scene.said())[1:]}
        await staff.reply(second, "/bot\nThe assistant knows that.")
        await scene.reads("The assistant knows that.")
        await until(scene.settled, staff.hub.log_tail)
        assert await scene.status() == "bot"
        assert "30 days" in (await scene.says(_QUESTION))["message"]
        assert not [one for one in await scene.said() if "secret" in one[1] or "Reason" in one[1] or "##-" in one[1]]


async def test_the_same_mail_twice_is_passed_on_once(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        reply = await staff.reply(mail, "Once is enough.")
        await staff.deliver(reply)
        await staff.reply(mail, "That was all.")
        await scene.reads("That was all.")
        await scene.reads("Once is enough.")


async def test_resolving_by_mail_ends_it_and_a_late_reply_is_told_so(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        await staff.reply(mail, "/resolve\nIt was refunded.")
        await scene.reads("It was refunded.")
        await until(scene.settled, staff.hub.log_tail)
        assert await scene.status() == "resolved"
        await staff.reply(mail, "One thing more.")
        *_, told = await staff.got(scene.words, 2)
        assert "Not sent, because this case is closed" in text_of(told)
        assert not [one for one in await scene.said() if "One thing more" in one[1]]


async def test_a_colleague_is_told_who_has_it_and_may_take_it(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        await staff.reply(mail, "Grace is here.")
        await scene.reads("Grace is here.")
        await staff.reply(mail, "Linus is here.", sender="Linus <linus@acme.example>")
        *_, told = await staff.got(scene.words, 2)
        assert "Not sent" in text_of(told)
        await staff.reply(mail, "/take\nLinus takes over.", sender="Linus <linus@acme.example>")
        assert (await scene.reads("Linus takes over."))[2] == "Linus"
        assert not [one for one in await scene.said() if "Linus is here" in one[1]]


async def test_strangers_machines_and_empty_replies_reach_nobody(staff: MailStaff) -> None:
    async with asking(staff) as (scene, mail):
        guessed = EmailMessage()
        guessed["References"] = f"<{'a' * 16}.{'b' * 16}.{'c' * 16}@example.com>"
        guessed["Message-ID"], guessed["Subject"] = guessed["References"], "Case"
        guessed.set_content("")
        await staff.reply(guessed, "A guessed token.")
        await staff.reply(mail, "A stranger.", sender="Eve <eve@evil.example>")
        await staff.reply(mail, "I am away.", Auto_Submitted="auto-replied")
        await staff.reply(mail, "Away too.", sender="mailer-daemon@acme.example")
        await staff.reply(mail, "")
        *_, stranger, told = await staff.got(scene.words, 3)
        assert "eve@evil.example answered a mail of this case. It was not passed on" in text_of(stranger)
        assert "A stranger." in text_of(stranger)
        assert "holds nothing above the quotation" in text_of(told)
        await until(scene.settled, staff.hub.log_tail)
        assert await scene.status() == "queued"
        assert [author for author, *_ in await scene.said()] == ["system"]


async def test_a_wish_that_is_taken_back_is_told_and_off_the_list(staff: MailStaff) -> None:
    async with asking(staff) as (scene, _):
        listed = json.loads(run_command(staff.hub.data_dir, "waiting", "--json").stdout)["waiting"]
        assert [one["id"] for one in listed if scene.words in one["last_words"]]
        answer = await scene.visitor.say("Back to the assistant", client_id="back", action="withdraw")
        assert answer.status == 202
        *_, told = await staff.got(scene.words, 3)
        assert "needs nobody any more" in text_of(told)
        assert await scene.status() == "bot"
        listed = json.loads(run_command(staff.hub.data_dir, "waiting", "--json").stdout)["waiting"]
        assert not [one for one in listed if scene.words in one["last_words"]]
