"""Whoever listens hears each frame once and in order, also when wakes get lost or the database is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest

from channels.web.live import UNREAD, Live, Shown
from core.clock import SystemClock
from core.domain.errors import StoreUnavailable
from core.domain.messages import Author, Message
from core.ports.event_log import LogFrame, LoggedFrame
from core.ports.store import Claim
from core.ports.wake import WIDGET, grown_to
from core.storage.wake_local import LocalWake
from tests.patience import PATIENCE


class Log:
    """An event log in memory that counts how it is read, and can be away."""

    def __init__(self) -> None:
        self.frames: dict[str, list[LoggedFrame]] = {}
        self.reads = 0
        self.away = 0
        self.asked, self.answering = asyncio.Event(), asyncio.Event()
        self.answering.set()

    def add(self, conversation: str, text: str) -> None:
        frames = self.frames.setdefault(conversation, [])
        message = Message(text, conversation, len(frames) + 1, Author.STAFF, text, datetime(2026, 1, 1, tzinfo=UTC))
        frames.append(LoggedFrame(len(frames) + 1, "message", {}, None, message))

    async def read(self, after: Mapping[str, int], limit: int = 500) -> Mapping[str, Sequence[LoggedFrame]]:
        self.reads += 1
        self.asked.set()
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise StoreUnavailable("away")
        found = {key: [f for f in self.frames.get(key, []) if f.cursor > at][:limit] for key, at in after.items()}
        await self.answering.wait()
        return {key: frames for key, frames in found.items() if frames}

    async def heads(self, conversation_ids: Sequence[str]) -> Mapping[str, int]:
        return {key: len(self.frames.get(key, [])) for key in conversation_ids}

    async def head(self, conversation_id: str) -> int:
        return len(self.frames.get(conversation_id, []))

    async def append_provisional(self, claim: Claim, frames: Sequence[LogFrame]) -> Sequence[int]:
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
        async with asyncio.timeout(PATIENCE), self._news:
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


async def test_what_this_process_has_committed_is_not_read(live: Live, log: Log) -> None:
    ears = [Ear("c1"), Ear("c1")]
    for ear in ears:
        live.add(ear)
    for text in ("one", "two"):
        log.add("c1", text)
        live.give("c1", log.frames["c1"][-1:])
    for ear in ears:
        await ear.has(2)
        assert ear.heard == ["one", "two"]
    assert log.reads == 0


async def test_what_is_given_behind_a_gap_is_read(live: Live, log: Log) -> None:
    ear = Ear("c1")
    live.add(ear)
    for text in ("one", "two", "three"):
        log.add("c1", text)
    live.give("c1", log.frames["c1"][2:])
    await ear.has(3)
    assert ear.heard == ["one", "two", "three"]
    log.add("c1", "four")
    live.give("c1", log.frames["c1"][3:])
    await ear.has(4)
    assert log.reads == 1


async def test_what_is_given_in_another_order_is_heard_in_the_logs(live: Live, log: Log) -> None:
    ear = Ear("c1")
    live.add(ear)
    for text in ("one", "two"):
        log.add("c1", text)
    live.give("c1", log.frames["c1"][1:])
    live.give("c1", log.frames["c1"][:1])
    await ear.has(2)
    assert ear.heard == ["one", "two"]


async def test_each_is_given_only_what_it_has_not(live: Live, log: Log) -> None:
    log.add("c1", "one")
    late, unready = Ear("c1", 1), Ear("c1", UNREAD)
    live.add(late)
    live.add(unready)
    log.add("c1", "two")
    live.give("c1", log.frames["c1"])
    await late.has(1)
    assert (late.heard, unready.heard) == (["two"], [])
    await live.begin(unready, 0)
    assert unready.heard == ["one", "two"]


async def test_a_wake_that_says_how_far_costs_who_has_it_no_read(live: Live, log: Log, wake: LocalWake) -> None:
    log.add("c1", "one")
    ear, other = Ear("c1", 1), Ear("c2")
    live.add(ear)
    live.add(other)
    wake.notify(WIDGET, grown_to("c1", 1))
    log.add("c2", "elsewhere")
    wake.notify(WIDGET, grown_to("c2", 1))
    await other.has(1)
    assert (log.reads, ear.heard, other.heard) == (1, [], ["elsewhere"])


async def test_a_message_that_is_expected_is_followed_without_a_read(live: Live, log: Log) -> None:
    with live.expecting("c1") as waiter:
        log.add("c1", "question")
        live.give("c1", log.frames["c1"])
        waiting = asyncio.create_task(live.wait_behind(waiter, 1, lambda frame: frame.cursor == 2, 60))
        await asyncio.sleep(0)
        log.add("c1", "answer")
        live.give("c1", log.frames["c1"][1:])
        await waiting
    assert [shown.wire["content"] for shown in waiter.frames] == ["answer"]
    assert log.reads == 0


async def test_an_answer_that_is_there_at_once_is_read(live: Live, log: Log) -> None:
    with live.expecting("c1") as waiter:
        for text in ("question", "answer"):
            log.add("c1", text)
            live.give("c1", log.frames["c1"][-1:])
        await asyncio.sleep(0.02)
        await live.wait_behind(waiter, 1, lambda frame: frame.cursor == 2, 60)
    assert [shown.wire["content"] for shown in waiter.frames] == ["answer"]


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


@pytest.mark.parametrize("knows_its_place", [True, False])
async def test_who_joins_during_a_read_misses_nothing_before_it(
    live: Live, log: Log, wake: LocalWake, knows_its_place: bool
) -> None:
    log.add("c1", "one")
    witness, late = Ear("c1", 1), Ear("c1", UNREAD)
    live.add(witness)
    if not knows_its_place:
        live.add(late)
    log.answering.clear()
    log.add("c1", "two")
    wake.notify(WIDGET, "c1")
    await log.asked.wait()
    await asyncio.sleep(0.01)
    if knows_its_place:
        joined = asyncio.create_task(live.wait_for("c1", 0, lambda frame: frame.cursor == 2, 60))
    else:
        joined = asyncio.create_task(live.begin(late, 0))
    await asyncio.sleep(0.01)
    log.answering.set()
    found = await joined
    await witness.has(1)
    heard = [shown.wire["content"] for shown in found] if knows_its_place else late.heard
    assert (witness.heard, heard) == (["two"], ["one", "two"])


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
    waiting = asyncio.create_task(live.wait_for("c1", 0, wanted, PATIENCE))
    log.add("c1", "answer")
    wake.notify(WIDGET, "c1")
    assert [shown.wire["content"] for shown in await waiting] == ["question", "answer"]
    assert [shown.wire["content"] for shown in await live.wait_for("c1", 1, wanted, 0)] == ["answer"]
    late = await live.wait_for("c1", 2, wanted, 0.01)
    assert late == []
