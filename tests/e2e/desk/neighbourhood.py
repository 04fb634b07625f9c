"""A hub with all five channels for customers, and a desk in Slack."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF
from config.simulation.slack_world import TOKEN as SLACK_TOKEN
from config.simulation.telegram_fake import TOKEN as TELEGRAM_TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, SID, TwilioFake
from config.simulation.twilio_fake import TOKEN as TWILIO_TOKEN
from tests.e2e.channels.customer import Customer, until
from tests.e2e.channels.mail_customer import MailCustomer
from tests.e2e.channels.phone_customer import PhoneCustomer
from tests.e2e.channels.slack_customer import DirectCustomer
from tests.e2e.channels.telegram_customer import TelegramCustomer
from tests.e2e.channels.town import SUPPORT, has_read
from tests.e2e.desk.office import Office
from tests.e2e.desk.web_customer import at_the_site
from tests.e2e.knowledge_copy import copy_talk, started
from tests.integration.email_channel.rig import PostOffice, post_office
from tests.servers.dovecot import PASSWORD
from tests.servers.hub import Hub
from tests.servers.process import free_port

CHANNELS = ("web", "slack", "telegram", "sms", "e-mail")
UNDO = 1.0
"""Seconds in which staff can take something back: long enough for a test on a busy machine to be in time."""


@dataclass
class Neighbourhood:
    """Everything runs."""

    hub: Hub
    office: Office
    slack: SlackFake
    telegram: TelegramFake
    twilio: TwilioFake
    post: PostOffice
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @asynccontextmanager
    async def customer(self, channel: str) -> AsyncIterator[Customer]:
        """Somebody new."""
        number = next(self.numbers)
        match channel:
            case "web":
                async with at_the_site(self.hub) as visitor:
                    yield visitor
            case "slack":
                yield DirectCustomer(self.slack, number, f"{self.hub.url}/webhooks/slack")
            case "telegram":
                yield TelegramCustomer(self.telegram, number, polled=False)
            case "sms":
                yield PhoneCustomer(self.twilio, number, whatsapp=False)
            case _:
                yield MailCustomer(self.post, number, SUPPORT, lambda: has_read(self.hub))


@asynccontextmanager
async def neighbourhood(
    folder: Path, documents: str, knowledge_template: Path, **more: str
) -> AsyncIterator[Neighbourhood]:
    """It begins when the documents are at hand."""
    async with AsyncExitStack() as stack:
        twilio = TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
        await twilio.start()
        stack.push_async_callback(twilio.stop)
        slack = await stack.enter_async_context(SlackFake())
        telegram = await stack.enter_async_context(TelegramFake())
        post = stack.enter_context(post_office())
        port = free_port()
        environment = {**_settings(port, slack, telegram, twilio, post), **more}
        hub = Hub(folder / "hub", sources=documents, port=port, environment=environment)
        copy_talk(knowledge_template, hub.data_dir)
        twilio.hub = twilio.public = hub.url
        try:
            await asyncio.to_thread(started, hub)
            await until(lambda: has_read(hub) >= 0, hub.log_tail)
            await telegram.until(lambda: bool(telegram.webhook["url"]))
            yield Neighbourhood(hub, Office(slack, hub), slack, telegram, twilio, post)
        finally:
            await asyncio.to_thread(hub.stop)
            print(f"--- {hub.log} ---\n{hub.log_tail()}")


def _settings(
    port: int, slack: SlackFake, telegram: TelegramFake, twilio: TwilioFake, post: PostOffice
) -> Mapping[str, str]:
    login = f"{quote(SUPPORT)}:{quote(PASSWORD, safe='')}"
    return {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SLACK_BOT_TOKEN": SLACK_TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_BASE_URL": slack.api_url,
        "SLACK_STAFF_CHANNEL": STAFF,
        "DESK_UNDO_SECONDS": str(UNDO),
        "TELEGRAM_BOT_TOKEN": TELEGRAM_TOKEN,
        "TELEGRAM_API_BASE_URL": telegram.url,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_WEBHOOK_SECRET": "secret-of-the-webhook",
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_FROM": OURS,
        "TWILIO_API_BASE_URL": twilio.url,
        "EMAIL_ADDRESS": SUPPORT,
        "EMAIL_IMAP_URL": f"imap+starttls://{login}@localhost:{post.dovecot.imap_port}",
        "EMAIL_SMTP_URL": f"smtp+starttls://{login}@localhost:{post.dovecot.submission_port}",
        "EMAIL_CA_FILE": str(post.dovecot.authority),
    }
