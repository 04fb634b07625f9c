"""A company that connects Slack after it has answered by mail, and takes it away again: open cases go with its staff."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF, TOKEN
from tests.e2e.channels.customer import until
from tests.e2e.desk.mail_staff import MailStaff, asking, mail_staff, text_of
from tests.e2e.desk.office import Office

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def staff(tmp_path_factory: pytest.TempPathFactory, knowledge_template: Path) -> AsyncIterator[MailStaff]:
    async with mail_staff(tmp_path_factory.mktemp("mail-to-slack"), knowledge_template) as built:
        yield built


async def test_an_open_case_goes_from_mail_to_slack_and_back(staff: MailStaff) -> None:
    async with SlackFake() as slack, asking(staff) as (scene, mail):
        await staff.reply(mail, "Grace is here.")
        await scene.reads("Grace is here.")
        settings = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
            "DESK_UNDO_SECONDS": "0.2",
        }
        await staff.restart(**settings)
        office = Office(slack, staff.hub)
        card = await office.card()
        await office.sees(card, "Grace is here.")
        assert await scene.status() == "queued"
        await staff.reply(mail, "Grace by mail again.")
        await office.sees(card, "Grace by mail again.")
        await scene.says("Are you still there?")
        await office.sees(card, "Are you still there?")
        await office.press(card, "staff_claim")
        await office.sees(card, "With Grace")
        await office.write(card, "Now in Slack.")
        await scene.reads("Now in Slack.")
        assert not [one for one in await scene.said() if "by mail again" in one[1]]

        await staff.restart(**dict.fromkeys(settings, ""))
        assert await scene.status() == "queued"
        await scene.says("Where are you?")
        await until(
            lambda: any("Where are you?" in text_of(one) for one in staff.mails(scene.words)), staff.hub.log_tail
        )
        *_, last = staff.mails(scene.words)
        await staff.reply(last, "Back at the mailbox.")
        await scene.reads("Back at the mailbox.")
