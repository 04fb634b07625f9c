"""A whole hub inside of the test's own process, so that what begins when can be told by one clock."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from config import hub as composition
from config.hub import Hub
from config.settings import read_settings
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, STAFF, TOKEN, Fault, Json
from core.ports.channel import Channel
from tests.faults.channels.weather import Trouble, Weather
from tests.faults.desk.courier import Courier, TrackedCourier
from tests.faults.desk.patient_slack import PatientSlack
from tests.faults.desk.race import Staff
from tests.faults.desk.slow_agent import SlowModel
from tests.servers.hub import SECRET_KEY

_FAULTS = {
    Trouble.LIMIT: Fault(status=429, retry_after=1),
    Trouble.FAILURE: Fault(status=503),
    Trouble.GONE: Fault(drop=True),
    Trouble.LOST: Fault(drop=True, written=True),
}


@dataclass
class Call:
    """One call of the hub's to Slack about a customer's place. ``written``: Slack did it."""

    method: str
    args: Json
    written: bool


class SlackDesk:
    """The fake, which hears every call. Calls about customers meet trouble; the desk's own proofs are elsewhere."""

    def __init__(self, fake: SlackFake, rng: random.Random, trouble: float) -> None:
        self.fake = fake
        self.calls: dict[str, list[Call]] = {}
        self.staff: Staff | None = None
        self._weather = Weather(rng, trouble)
        fake.weather = self._hear

    def _hear(self, method: str, args: Json) -> Fault | None:
        channel = str(args.get("channel") or "")
        if channel == STAFF and self.staff is not None:
            self.staff.heard(method, args)
        if channel == STAFF or "0CUST" not in channel:
            return None
        trouble = self._weather.over(f"{method} {args}") if method == "chat.postMessage" else None
        self.calls.setdefault(channel, []).append(Call(method, args, trouble in (None, Trouble.LOST)))
        return _FAULTS[trouble] if trouble else None


@dataclass
class Arena:
    """Everything of one race."""

    hub: Hub
    model: SlowModel
    slack: SlackDesk
    couriers: Mapping[str, Courier]
    staff: Staff
    url: str


MakeArena = Callable[[str, int], AbstractAsyncContextManager[Arena]]


@dataclass(frozen=True)
class _Url:
    url: str


@pytest.fixture
def make_arena(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeArena:
    """``make_arena(database_url, seed)``: it runs, with a customer channel of the test's own beside the product's."""

    @asynccontextmanager
    async def make(url: str, seed: int) -> AsyncIterator[Arena]:
        def rng(name: str) -> random.Random:
            return random.Random(f"{seed}:{name}")

        couriers = {one.name: one for one in (Courier(rng("courier"), 0.4), TrackedCourier(rng("tracked"), 0.4))}
        make_channels = composition.make_channels

        def make_more(*parts: Any) -> dict[str, Channel]:
            return {**make_channels(*parts), **couriers}

        monkeypatch.setattr(composition, "make_channels", make_more)
        model = SlowModel(rng("model"))
        async with PatientSlack(rng("events"), trouble=0.0, again=0.1) as fake:
            slack = SlackDesk(fake, rng("slack"), 0.2)
            hub = Hub(_settings(tmp_path, url, fake), responder=model.make)
            for channel in hub.channels.values():  # thousands of posts must get out within minutes
                channel.capabilities = replace(channel.capabilities, pace=None)
            await hub.start()
            staff = slack.staff = Staff(fake, _Url(f"http://127.0.0.1:{hub.port}"), hub.store)
            try:
                yield Arena(hub, model, slack, couriers, staff, url)
            finally:
                await staff.stop()
                await hub.stop()

    return make


def _settings(folder: Path, url: str, fake: SlackFake) -> Any:
    return read_settings(
        data_dir=folder / "var",
        secret_key=SECRET_KEY,
        host="127.0.0.1",
        port=0,
        database_url=url,
        knowledge_sources="none",
        messages_per_address=0,
        escalations_per_customer=0,
        escalations_in_all=0,
        slack_bot_token=TOKEN,
        slack_signing_secret=SECRET,
        slack_api_base_url=fake.api_url,
        slack_staff_channel=STAFF,
        desk_undo_seconds=0.2,
        lease_seconds=3.0,
    )


async def gathered(limit: int, works: list[Any]) -> None:
    """All of it, so many at a time; the first failure ends it."""
    free = asyncio.Semaphore(limit)

    async def one(work: Any) -> None:
        async with free:
            await work

    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(one(work))
