"""Where customers of all five channels meet the desk: every provider with its own weather, a model that translates, one hub."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from config.simulation.slack_world import SECRET, STAFF, TOKEN
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import OURS, TwilioFake
from tests.faults.channels.door import Provider
from tests.faults.channels.mail_door import MailDoor
from tests.faults.channels.sms_door import SmsDoor
from tests.faults.channels.telegram_door import TelegramDoor
from tests.faults.channels.weather import Weather
from tests.faults.conftest import MakeFaultyHub
from tests.faults.desk.busy_day import MACRO, MARKS, SAVED, Words
from tests.faults.desk.passers_by import ByMail, OnSlack, OnTelegram, OnThePage, OnThePhone, PasserBy
from tests.faults.desk.patient_office import PatientOffice
from tests.faults.desk.patient_slack import PatientSlack
from tests.servers.dovecot import dovecot
from tests.servers.hub import Hub
from tests.servers.llmock import LlMock
from tests.servers.postman import Postman
from tests.servers.process import free_port

CHANNELS = ("slack", "telegram", "sms", "email", "web")
_LAUNCHER = ("-m", "tests.faults.desk.hub_process")
_TRANSLATES = "You translate messages between the customers and the support staff"
_NAMES = "Say in which language it is written"
_SUMS_UP = "asked [1] They had a question before.\ntried [2] It was answered."


@dataclass
class Square:
    """``doors``: of the customers who are not on Slack, by channel."""

    hub: Hub
    office: PatientOffice
    slack: PatientSlack
    telegram: TelegramFake
    twilio: TwilioFake
    doors: Mapping[str, Any]
    http: aiohttp.ClientSession
    watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def newcomer(self, number: int) -> PasserBy:
        """The channels take turns."""
        channel = CHANNELS[number % len(CHANNELS)]
        match channel:
            case "slack":
                return OnSlack(self.slack, number, f"{self.hub.url}/webhooks/slack")
            case "telegram":
                return OnTelegram(self.telegram, self.doors[channel], number)
            case "sms":
                return OnThePhone(self.twilio, self.doors[channel], number, whatsapp=number % 2 == 1)
            case "email":
                return ByMail(self.doors[channel], number)
            case _:
                visitor = OnThePage(self.hub.url, self.http, self.doors[channel])
                await visitor.arrive()
                self.watching.append(asyncio.create_task(visitor.watch()))
                return visitor

    async def rest(self) -> None:
        """What was to be delivered again is."""
        await self.slack.rest()
        for door in self.doors.values():
            await door.rested()

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """What the platforms did on their side."""
        found = {"slack": Counter({**self.slack.counts, **self.slack.trouble.met})}
        return found | {name: Counter({**one.counts, **one.weather.met}) for name, one in self.doors.items()}

    async def close(self) -> None:
        """Everybody leaves."""
        for task in self.watching:
            task.cancel()
        await asyncio.gather(*self.watching, return_exceptions=True)
        for door in self.doors.values():
            await door.close()


@asynccontextmanager
async def square(
    make_faulty_hub: MakeFaultyHub, folder: Path, url: str, seed: int, tags: list[str], trouble: float
) -> AsyncIterator[Square]:
    """The hub is started. ``tags``: of those who will come, for whom the model has to find the words.

    ``trouble``: the share of calls to a platform that fail.
    """

    def provider(name: str, trouble: float = trouble) -> tuple[Any, ...]:
        rng = random.Random(f"{seed}:{name}")
        return rng, Weather(rng, trouble), 0.2

    async with AsyncExitStack() as stack:
        slack = PatientSlack(random.Random(f"{seed}:slack"), trouble=trouble, again=0.2)
        await stack.enter_async_context(slack)
        telegram = await stack.enter_async_context(TelegramFake())
        twilio = TwilioFake(lambda: datetime.now(UTC), own_cdn=False)
        await twilio.start()
        stack.push_async_callback(twilio.stop)
        postman = Postman()
        postman.start()
        stack.callback(postman.stop)
        mailboxes = stack.enter_context(dovecot(postman.port))
        model = LlMock(folder / "model", [*_words(tags)])
        model.start()
        stack.callback(model.stop)
        doors = {
            "telegram": TelegramDoor(telegram, *provider("telegram"), webhook=True),
            "sms": SmsDoor(twilio, *provider("sms")),
            "email": MailDoor(mailboxes, postman, *provider("email")),
            "web": Provider(*provider("web", trouble=0.0)),
        }
        port = free_port()
        environment = _settings(port, slack, model, folder)
        for name in ("telegram", "sms", "email"):
            environment.update(doors[name].settings(environment["PUBLIC_URL"]))
        options = {"launcher": _LAUNCHER, "environment": environment, "port": port}
        hub, _ = make_faulty_hub(database_url=url, lease=2.0, **options)
        await asyncio.to_thread(hub.start)
        stack.callback(hub.kill)
        for name in ("telegram", "sms", "email"):
            await doors[name].admit(hub, [])
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        built = Square(hub, PatientOffice(slack, hub, MARKS), slack, telegram, twilio, doors, http)
        stack.push_async_callback(built.close)
        yield built


def _words(tags: list[str]) -> list[dict[str, Any]]:
    """What the model says."""
    known = [pair for tag in tags for pair in (Words(tag).question, Words(tag).answer)]
    translations = [
        {"match": {"systemMessage": _TRANSLATES, "userMessage": said}, "response": {"content": meant}}
        for said, meant in known
    ]
    unknown = {"match": {"systemMessage": _TRANSLATES}, "response": {"content": "…"}}
    others = {_NAMES: "en", "You sum up a conversation": _SUMS_UP}
    return [
        *translations,
        unknown,
        *({"match": {"systemMessage": asked}, "response": {"content": said}} for asked, said in others.items()),
    ]


def _settings(port: int, slack: PatientSlack, model: LlMock, folder: Path) -> dict[str, str]:
    macros = folder / "macros.yaml"
    macros.write_text(f"- name: {MACRO}\n  title: How refunds work\n  text:\n    en: {SAVED}.\n")
    return {
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SLACK_BOT_TOKEN": TOKEN,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_API_BASE_URL": slack.api_url,
        "SLACK_STAFF_CHANNEL": STAFF,
        "DESK_UNDO_SECONDS": "0.5",
        "DESK_MACROS_FILE": str(macros),
        "DESK_TRANSLATE": "true",
        "TWILIO_WHATSAPP_FROM": OURS,
        "OPENAI_BASE_URL": model.url,
        "OPENAI_API_KEY": "test",
        "FOLLOW_UP_MINUTES": "0",  # who is away for a moment here has not left: tests.faults.desk.test_follow_up_killed
    }
