"""Whoever listens hears each frame once and in order, also when wakes get lost or the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from channels.web.live import UNREAD, Live, Shown
from config.clock import SystemClock
from core.domain.errors import StoreUnavailable
from core.domain.messages import Author, Message
from core.ports.event_log import LogFrame, LoggedFrame
from core.ports.store import Claim
from core.ports.wake import WIDGET
from core.storage.wake_local import LocalWake


class Log:
    """An event log in memory that counts how it is read, and can be away."""

    def __init__(self) -> None:
        self.frames: dict[str, list[LoggedFrame]] = {}
        self.reads = 0
        self.away = 0

    def add(self, conversation: str, text: str) -> None:
        frames = self.frames.setdefault(conversation, [])
        message = Message(text, conversation, len(frames) + 1, Author.STAFF, text, datetime(2026, 1, 1, tzinfo=UTC))
        frames.append(LoggedFrame(len(frames) + 1, "message", {}, None, message))

    async def read(self, after: Mapping[str, int], limit: int = 500) -> Mapping[str, Sequence[LoggedFrame]]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        found = {key: [f for f in self.frames.get(key, []) if f.cursor > at][:limit] for key, at in after.items()}
        return {key: frames for key, frames in found.items() if frames}

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        return {key: len(self.frames.get(key, [])) for key in conversation_ids}

    async def head(self, conversation_id: str) -> int:
        return len(self.frames.get(conversation_id, []))

    async def append_provisional(self, claim: Claim, frames: Sequence[LogFrame]) -> None:
        raise AssertionError("not written here")

    async def append(self, conversation_id: str, frames: Sequence[LogFrame]) -> Sequence[int]:
        raise AssertionError("not written here")

    async def find(self, conversation_id: str, dedupe: str) -> int | None:
        raise AssertionError("not asked here")

    async def history(self, conversation_id: str, *, after: int, limit: int) -> Sequence[LoggedFrame]:
        raise AssertionError("not asked here")


class Ear:
    """A listener."""

    def __init__(self, conversation_id: str, cursor: int = 0) -> None:
        self.conversation_id = conversation_id
        self.cursor = cursor
        self.heard: list[str] = []
        self.hints: list[str] = []
        self._news = asyncio.Condition()

    async def deliver(self, frames: Sequence[Shown]) -> None:
        self.heard += [shown.wire["content"] for shown in frames]
        async with self._news:
            self._news.notify_all()

    async def hint(self, hint: str) -> None:
        self.hints.append(hint)
        async with self._news:
            self._news.notify_all()

    async def has(self, count: int) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.heard) + len(self.hints) >= count)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def wake() -> LocalWake:
    return LocalWake()


@pytest.fixture
async def live(log: Log, wake: LocalWake) -> AsyncIterator[Live]:
    live = Live(log, wake, SystemClock(), str, poll=0.05)
    await live.start()
    yield live
    await live.stop()


async def test_one_read_serves_many_listeners(live: Live, log: Log, wake: LocalWake) -> None:
    ears = [Ear(f"c{number % 10}") for number in range(100)]
    for ear in ears:
        live.add(ear)
    for number in range(10):
        log.add(f"c{number}", "hello")
        wake.notify(WIDGET, f"c{number}")
    for ear in ears:
        await ear.has(1)
    assert all(ear.heard == ["hello"] for ear in ears)
    assert log.reads == 1


async def test_each_hears_only_what_it_has_not(live: Live, log: Log, wake: LocalWake) -> None:
    for text in ("one", "two"):
        log.add("c1", text)
    new, old = Ear("c1", 0), Ear("c1", 2)
    live.add(new)
    live.add(old)
    log.add("c1", "three")
    wake.notify(WIDGET, "c1")
    await old.has(1)
    assert (new.heard, old.heard) == (["one", "two", "three"], ["three"])


async def test_a_lost_wake_costs_a_poll(live: Live, log: Log) -> None:
    ear = Ear("c1")
    live.add(ear)
    log.add("c1", "nobody said so")
    await ear.has(1)
    assert ear.heard == ["nobody said so"]


async def test_a_database_that_is_away_costs_nothing(live: Live, log: Log, wake: LocalWake) -> None:
    ear = Ear("c1")
    live.add(ear)
    log.away = 2
    log.add("c1", "hello")
    wake.notify(WIDGET, "c1")
    await ear.has(1)
    assert ear.heard == ["hello"]


async def test_what_comes_before_a_listener_knows_its_place_is_not_lost(live: Live, log: Log, wake: LocalWake) -> None:
    ear, witness = Ear("c1", UNREAD), Ear("c1")
    live.add(ear)
    live.add(witness)
    log.add("c1", "early")
    wake.notify(WIDGET, "c1")
    await witness.has(1)
    assert ear.heard == []
    await live.begin(ear, 0)
    assert ear.heard == ["early"]


async def test_more_than_a_page_comes_whole(live: Live, log: Log, wake: LocalWake) -> None:
    ear = Ear("c1")
    live.add(ear)
    for number in range(1201):
        log.add("c1", str(number))
    wake.notify(WIDGET, "c1")
    await ear.has(1201)
    assert ear.heard == [str(number) for number in range(1201)]


async def test_hints_reach_who_listens(live: Live, wake: LocalWake) -> None:
    ear, other = Ear("c1"), Ear("c2")
    live.add(ear)
    live.add(other)
    wake.notify(WIDGET, "c1#typing:agent")
    wake.notify(WIDGET, "c3#ended")
    await ear.has(1)
    assert (ear.hints, other.hints) == (["typing:agent"], [])


async def test_who_left_hears_nothing(live: Live, log: Log, wake: LocalWake) -> None:
    gone, here = Ear("c1"), Ear("c1")
    live.add(gone)
    live.add(here)
    live.remove(gone)
    live.remove(gone)
    log.add("c1", "hello")
    wake.notify(WIDGET, "c1")
    await here.has(1)
    assert gone.heard == []


async def test_a_listener_whose_line_broke_holds_up_nobody(live: Live, log: Log, wake: LocalWake) -> None:
    class Broken(Ear):
        async def deliver(self, frames: Sequence[Shown]) -> None:
            raise RuntimeError("broken")

    broken, fine = Broken("c1"), Ear("c1")
    live.add(broken)
    live.add(fine)
    log.add("c1", "hello")
    wake.notify(WIDGET, "c1")
    await fine.has(1)
    assert fine.heard == ["hello"]


async def test_waiting_ends_with_what_was_wanted_or_with_the_time(live: Live, log: Log, wake: LocalWake) -> None:
    def wanted(frame: LoggedFrame) -> bool:
        return frame.message is not None and frame.message.text == "answer"

    assert await live.wait_for("c1", 0, wanted, 0) == []
    log.add("c1", "question")
    waiting = asyncio.create_task(live.wait_for("c1", 0, wanted, 10))
    log.add("c1", "answer")
    wake.notify(WIDGET, "c1")
    assert [shown.wire["content"] for shown in await waiting] == ["question", "answer"]
    assert [shown.wire["content"] for shown in await live.wait_for("c1", 1, wanted, 0)] == ["answer"]
    late = await live.wait_for("c1", 2, wanted, 0.01)
    assert late == []
