"""A hub in the test's own process with every channel, in front of the platforms' fakes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, cast
from unittest import mock

import aiohttp

from channels import write_behind
from channels.email import reading as email_reading
from config import hub as composition
from config.channels import make_channels
from config.hub import Hub
from config.settings import Settings
from config.simulation.slack_fake import SlackFake
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import TwilioFake
from core.delivery import DeliverySettings
from core.dispatcher import DispatcherSettings
from core.domain.capabilities import Pace
from core.domain.messages import MessageKind
from core.ports.channel import Channel
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from tests.faults.channels.door import Door
from tests.faults.channels.mail_door import MailDoor
from tests.faults.channels.slack_door import SlackDoor
from tests.faults.channels.sms_door import SmsDoor
from tests.faults.channels.telegram_door import TelegramDoor
from tests.faults.channels.weather import Weather
from tests.integration.path.web_door import WebDoor
from tests.servers.dovecot import DovecotServer
from tests.servers.hub import SECRET_KEY, UNLIMITED
from tests.servers.hub import Hub as Process
from tests.servers.postman import Postman
from tests.servers.process import free_port

SENTENCES = ("This takes a while. ", "It is looked up now. ", "Here it is.")
_LONG_POLL = 3600.0
_FASTER = 1_000
_PATIENCE = 100.0


class Answers:
    """Answers at once; what asks for it is answered in sentences, as slowly as a model writes."""

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """The message's own words, so that it is seen which one is answered."""
        asked = turn.pending[-1].text
        if "slowly" not in asked:
            return Reply(f"Noted: {asked}", MessageKind.ANSWER, confidence=1.0)
        await asyncio.sleep(1.3)
        for sentence in SENTENCES:
            await events.text(sentence)
            await asyncio.sleep(0.4)
        return Reply("".join(SENTENCES), MessageKind.ANSWER, confidence=1.0)


class Punctual(random.Random):
    """Nothing is late by chance."""

    def uniform(self, a: float, b: float) -> float:
        """Always the least."""
        return a


@dataclass
class Town:
    """``url``: the hub's."""

    hub: Hub
    doors: Mapping[str, Door]
    slack: SlackFake
    telegram: TelegramFake
    twilio: TwilioFake
    postman: Postman

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.hub.port}"

    def calls(self, channel: str) -> list[str]:
        """What the hub has asked of that platform since it was up."""
        calls: dict[str, list[str]] = {
            "slack": [method for method, _ in self.slack.calls],
            "telegram": [call.method for call in self.telegram.calls if call.method != "getUpdates"],
            "sms": [one["body"] for one in self.twilio.messages if one["direction"] != "inbound"],
            "email": [to for to, _ in self.postman.taken],
        }
        return calls.get(channel, [])

    async def admit(self, channel: str, people: Sequence[str]) -> None:
        """Before they write."""
        await self.doors[channel].admit(cast(Process, self), people)

    async def ask(self, channel: str, people: Sequence[str], text: str) -> None:
        """They all write at once. Returns when each has one message more than before that does not change any more."""
        door = self.doors[channel]
        before = {tag: len(door.read(tag)) for tag in people}
        await asyncio.gather(*(door.write(tag, text) for tag in people))
        wanted = "".join(SENTENCES) if "slowly" in text else text
        async with asyncio.timeout(_PATIENCE):
            for tag in people:
                while wanted not in "".join(door.read(tag)[before[tag] :]):  # noqa: ASYNC110 - not every fake can tell
                    await asyncio.sleep(0.02)


@asynccontextmanager
async def town(database_url: str, folder: Path, dovecot: DovecotServer, postman: Postman) -> AsyncIterator[Town]:
    """The hub polls so seldom that all it does is caused by messages; the platforms' paces hold nobody up."""
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(SlackFake())
        telegram = await stack.enter_async_context(TelegramFake())
        twilio = TwilioFake(lambda: datetime.now(UTC))
        await twilio.start()
        stack.push_async_callback(twilio.stop)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        provider = Punctual(1), Weather(random.Random(1), 0.0), 0.0
        doors: list[Door] = [
            WebDoor(http, *provider),
            SlackDoor(slack, *provider, socket=False),
            TelegramDoor(telegram, *provider, webhook=False),
            SmsDoor(twilio, *provider),
            MailDoor(dovecot, postman, *provider),
        ]
        hub = stack.enter_context(_hub(database_url, folder, doors))
        await hub.start()
        stack.push_async_callback(hub.stop)
        built = Town(hub, {door.name: door for door in doors}, slack, telegram, twilio, postman)
        for door in doors:
            stack.push_async_callback(door.close)
        yield built


@contextmanager
def _hub(database_url: str, folder: Path, doors: Sequence[Door]) -> Iterator[Hub]:
    port = free_port()
    environment: dict[str, Any] = {
        **UNLIMITED,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "PORT": port,
        "HOST": "127.0.0.1",
        "DATABASE_URL": database_url,
        "DATA_DIR": folder,
        "SECRET_KEY": SECRET_KEY,
        "KNOWLEDGE_SOURCES": (),
        "LEASE_SECONDS": 60,
    }
    for door in doors:
        environment.update(door.settings(environment["PUBLIC_URL"]))
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in environment.items()})
    with (
        mock.patch.object(composition, "DispatcherSettings", partial(DispatcherSettings, poll=_LONG_POLL)),
        mock.patch.object(composition, "DeliverySettings", partial(DeliverySettings, poll=_LONG_POLL)),
        mock.patch.object(composition, "make_channels", _hastened(make_channels)),
        mock.patch.object(email_reading, "_RENEW", _LONG_POLL),
        mock.patch.object(write_behind, "_GATHER", _LONG_POLL),
    ):
        yield Hub(settings, responder=lambda *_parts: Answers())


def _hastened(make: Callable[..., dict[str, Channel]]) -> Callable[..., dict[str, Channel]]:
    """The platforms' paces stay, and are never reached."""

    def make_hasty(*parts: Any) -> dict[str, Channel]:
        channels = make(*parts)
        for channel in channels.values():
            can = channel.capabilities
            pace = can.pace and Pace(can.pace.messages * _FASTER, can.pace.seconds, can.pace.per_conversation / _FASTER)
            channel.capabilities = replace(can, pace=pace)
        return channels

    return make_hasty
