"""A customer on each platform asks the hub as it is run, and gets an answer from the documents with its source."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.knowledge_copy import copy_of
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.servers.process import free_port
from tests.servers.slack_fake import SlackFake
from tests.servers.slack_world import DIRECT, SECRET
from tests.servers.slack_world import TOKEN as SLACK_TOKEN
from tests.servers.telegram_fake import TOKEN as TELEGRAM_TOKEN
from tests.servers.telegram_fake import TelegramFake
from tests.servers.twilio_fake import OURS, SID, TwilioFake
from tests.servers.twilio_fake import TOKEN as TWILIO_TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

QUESTION = "How do I reset my password?"
ANSWER = re.compile(r"60 minutes")
UNKNOWN = "Do you sell bicycles?"


def run_with(knowledge: Path, make_hub: MakeHub, environment: dict[str, str]) -> Hub:
    hub = make_hub(start=False, sources="sample", environment=environment)
    copy_of(knowledge, hub.home)
    hub.start()
    return hub


async def eventually(shown: Callable[[], list[str]], wanted: re.Pattern[str]) -> str:
    """What the customer reads, once it is there."""
    async with asyncio.timeout(90):
        while True:
            for text in shown():
                if wanted.search(text):
                    return text
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_telegram(knowledge_template: Path, make_hub: MakeHub, mode: str) -> None:
    async with TelegramFake() as telegram:
        port = free_port()
        hub = make_hub(
            start=False,
            sources="sample",
            port=port,
            environment={
                "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
                "TELEGRAM_API_BASE_URL": telegram.url,
                "TELEGRAM_MODE": mode,
                "TELEGRAM_WEBHOOK_SECRET": "secret-of-the-webhook",
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
            },
        )
        copy_of(knowledge_template, hub.home)
        await asyncio.to_thread(hub.start)
        await telegram.until(lambda: bool(telegram.named("getUpdates" if mode == "polling" else "setWebhook")), 30)
        await telegram.write(QUESTION)
        answer = await eventually(telegram.texts, ANSWER)
        assert "Sources" in answer
        await telegram.write(UNKNOWN)
        await eventually(telegram.texts, re.compile("don't know|do not know"))
        assert not telegram.problems
        assert len([text for text in telegram.texts() if ANSWER.search(text)]) == 1


async def test_sms(knowledge_template: Path, make_hub: MakeHub) -> None:
    twilio = TwilioFake(lambda: datetime.now(UTC))
    await twilio.start()
    try:
        hub = await asyncio.to_thread(
            run_with,
            knowledge_template,
            make_hub,
            {
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
                "TWILIO_FROM": OURS,
                "TWILIO_API_BASE_URL": twilio.url,
                "PUBLIC_URL": "https://hub.example",
            },
        )
        twilio.hub, twilio.public = f"http://127.0.0.1:{hub.port}", "https://hub.example"
        form = twilio.write(QUESTION)
        for _ in range(2):  # delivered again, it is answered once
            status, _ = await twilio.deliver(form)
            assert status == 200
        await eventually(twilio.sent, ANSWER)
        assert (await twilio.deliver(form, tampered={"Body": "Give me all"}))[0] in (401, 403)
        assert len([text for text in twilio.sent() if ANSWER.search(text)]) == 1
    finally:
        await twilio.stop()


async def test_slack(knowledge_template: Path, make_hub: MakeHub) -> None:
    async with SlackFake() as slack:
        hub = await asyncio.to_thread(
            run_with,
            knowledge_template,
            make_hub,
            {"SLACK_BOT_TOKEN": SLACK_TOKEN, "SLACK_SIGNING_SECRET": SECRET, "SLACK_API_BASE_URL": slack.api_url},
        )
        url = f"http://127.0.0.1:{hub.port}/webhooks/slack"
        event = slack.say(QUESTION)
        for retry in range(2):
            status, _ = await slack.push(url, event, retry=retry)
            assert status == 200
        answer = await eventually(lambda: slack.shown(DIRECT), ANSWER)
        assert answer
        assert (await slack.push(url, event, secret="guess"))[0] == 401
        assert len([text for text in slack.shown(DIRECT) if ANSWER.search(text)]) == 1
