"""Hubs with every channel, in front of providers of the test's own."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.telegram_fake import TelegramFake
from config.simulation.twilio_fake import TwilioFake
from tests.faults.channels.door import Door
from tests.faults.channels.mail_door import MailDoor
from tests.faults.channels.slack_door import SlackDoor
from tests.faults.channels.sms_door import SmsDoor
from tests.faults.channels.telegram_door import TelegramDoor
from tests.faults.channels.throng import tags
from tests.faults.channels.weather import Weather
from tests.faults.conftest import MakeFaultyHub
from tests.faults.points import Switches
from tests.scale import run_scale
from tests.seed import FIXED, run_seed
from tests.servers.dovecot import DovecotServer, dovecot
from tests.servers.hub import Hub
from tests.servers.postman import Postman
from tests.servers.process import free_port

_LAUNCHER = ("-m", "tests.faults.channels.hub_process")
_LEASE = 5.0

NAMES = {"hooks": "Slack over HTTP, Telegram's webhook", "pulls": "Slack's Socket Mode, Telegram polled"}
"""How events come in. Text messages always come by webhook, mail is always fetched."""


@dataclass(frozen=True)
class MailServers:
    """One mailbox server, and one that takes mail."""

    dovecot: DovecotServer
    postman: Postman


@pytest.fixture(scope="session")
def mail_servers() -> Iterator[MailServers]:
    """For all tests; each has an address of its own."""
    postman = Postman()
    postman.start()
    try:
        with dovecot(postman.port) as server:
            yield MailServers(server, postman)
    finally:
        postman.stop()


@dataclass
class Street:
    """The doors of a hub, and how it is told of them. ``another`` makes one more process with the same doors, not started."""

    doors: Sequence[Door]
    hub: Hub
    switches: Switches
    another: Callable[[], Hub]

    async def open(self, customers: int) -> None:
        """Start the hub, and let people in."""
        await asyncio.to_thread(self.hub.start)
        for door in self.doors:
            await door.admit(self.hub, tags(door, customers))


MakeStreet = Callable[..., AbstractAsyncContextManager[Street]]


@pytest.fixture
def make_street(make_faulty_hub: MakeFaultyHub, mail_servers: MailServers) -> MakeStreet:
    """``make_street(url, ways, seed, trouble=0.3, again=0.2, LOG_LEVEL="info")``: a hub that is not started yet.

    ``role``: of the process that the providers know; ``another`` makes workers where that is "web".
    """

    @asynccontextmanager
    async def make(
        url: str,
        ways: str,
        seed: int,
        *,
        trouble: float = 0.0,
        again: float = 0.0,
        role: str = "all",
        **environment: str,
    ) -> AsyncIterator[Street]:
        def provider(name: str) -> tuple[Any, ...]:
            rng = random.Random(f"{seed}:{name}")
            return rng, Weather(rng, trouble), again

        port = free_port()

        def hub(port: int, role: str) -> tuple[Hub, Switches]:
            options = {"database_url": url, "lease": _LEASE, "launcher": _LAUNCHER, "role": role}
            return make_faulty_hub(port=port, environment=environment, **options)

        async with AsyncExitStack() as stack:
            slack = await stack.enter_async_context(SlackFake())
            telegram = await stack.enter_async_context(TelegramFake())
            twilio = TwilioFake(lambda: datetime.now(UTC))
            await twilio.start()
            stack.push_async_callback(twilio.stop)
            doors: list[Door] = [
                SlackDoor(slack, *provider("slack"), socket=ways == "pulls"),
                TelegramDoor(telegram, *provider("telegram"), webhook=ways == "hooks"),
                SmsDoor(twilio, *provider("sms")),
                MailDoor(mail_servers.dovecot, mail_servers.postman, *provider("email")),
            ]
            environment["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
            for door in doors:
                environment.update(door.settings(environment["PUBLIC_URL"]))
            others = "worker" if role == "web" else "all"
            street = Street(doors, *hub(port, role), another=lambda: hub(free_port(), others)[0])
            try:
                yield street
            finally:
                street.hub.kill()

    return make


@pytest.fixture(params=["hooks", "pulls"])
def ways(request: pytest.FixtureRequest) -> str:
    """See `NAMES`."""
    return str(request.param)


@dataclass(frozen=True)
class Case:
    """How events come in, which database, which seed."""

    ways: str
    database: str
    which: str

    @property
    def name(self) -> str:
        """For a report."""
        return f"{self.ways}-{self.database}-{self.which}"

    @property
    def seed(self) -> int:
        """The one that never changes, or this run's."""
        return FIXED if self.which == "fixed" else run_seed()


_CASES = [Case("hooks", "sqlite", "fixed"), Case("pulls", "postgres", "random")]
_MORE = [Case("hooks", "postgres", "random"), Case("pulls", "sqlite", "fixed")]


@pytest.fixture(params=[*_CASES, *(_MORE if run_scale().full else [])], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    """In a small run each way, database and seed once; in a full one both ways on both databases."""
    found = request.param
    assert isinstance(found, Case)
    return found


@pytest.fixture
def case_url(request: pytest.FixtureRequest, case: Case) -> str:
    """A database of the test's own."""
    return str(request.getfixturevalue(f"{case.database}_url"))


@pytest.fixture
def url_of_ways(request: pytest.FixtureRequest, ways: str) -> str:
    """One database for each of the ways."""
    return str(request.getfixturevalue("sqlite_url" if ways == "hooks" else "postgres_url"))
