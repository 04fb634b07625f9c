"""Intake: many at once share commits, nothing is acknowledged that was not stored, listeners are told afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from core.domain.capabilities import Capabilities
from core.domain.correlation import correlated
from core.domain.errors import Overloaded, SessionEnded, StoreUnavailable
from core.domain.messages import RawEvent
from core.intake import Intake
from core.ports.metrics import Counter
from core.ports.store import Acceptable
from core.ports.wake import INBOX, WIDGET
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.contract.stores.sayings import customer, said, thread
from tests.unit.core.counted import CountedMetrics

LOGGED = {"web": Capabilities(text_limit=1000, event_log=True)}
ID = thread().conversation_id


class Watched:
    """A store's inbox that notes the sizes of the batches, and fails as the test says."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.sizes: list[int] = []
        self.items: list[Acceptable] = []
        self.failures: list[Exception] = []

    async def accept(self, items: Sequence[Acceptable]) -> Any:
        self.sizes.append(len(items))
        self.items.extend(items)
        if self.failures:
            raise self.failures.pop(0)
        return await self._store.accept(items)

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await self._store.quarantine(raw, reason)


@pytest.fixture
def inbox(store: SqlStore) -> Watched:
    return Watched(store)


@pytest.fixture
def wake() -> LocalWake:
    return LocalWake()


@pytest.fixture
def intake(inbox: Watched, wake: LocalWake, metrics: CountedMetrics) -> Intake:
    return Intake(inbox, wake, metrics, LOGGED, max_batch=50)


async def test_events_of_one_request_share_a_commit(intake: Intake, inbox: Watched, store: SqlStore) -> None:
    accepted = await intake.accept([said("e1"), said("e2"), said("e3")], RawEvent("web", "main", b"{}"))
    assert inbox.sizes == [3]
    assert [one.seq for one in accepted] == [1, 2, 3]
    assert [one.cursor for one in accepted] == [1, 2, 3]
    assert len(await store.messages(ID)) == 3


async def test_many_requests_share_commits(intake: Intake, inbox: Watched) -> None:
    await asyncio.gather(*(intake.accept([said(f"e{number}", where=f"t{number % 7}")]) for number in range(200)))
    assert sum(inbox.sizes) == 200
    assert len(inbox.sizes) <= 6


async def test_listeners_are_told_after_the_commit(intake: Intake, wake: LocalWake) -> None:
    inbox, widget = wake.subscribe(INBOX), wake.subscribe(WIDGET)
    await intake.accept([said("e1")])
    assert await inbox.wait(0) == {f"{ID}#1"}, "and up to where the conversation goes"
    assert await widget.wait(0) == {ID}
    await intake.accept([said("e1")])
    assert await inbox.wait(0) == frozenset(), "a repetition is no news"


async def test_repetitions_are_counted_apart(intake: Intake, metrics: CountedMetrics) -> None:
    await intake.accept([said("e1")])
    (again,) = await intake.accept([said("e1")])
    assert again.duplicate
    assert metrics.total(Counter.EVENTS_ACCEPTED) == 1
    assert metrics.total(Counter.EVENTS_DUPLICATE) == 1


async def test_the_correlation_id_travels(intake: Intake, inbox: Watched) -> None:
    with correlated("c0ffee"):
        await intake.accept([said("e1")])
    await intake.accept([said("e2")])
    assert inbox.items[0].correlation == "c0ffee"
    assert inbox.items[1].correlation not in (None, "c0ffee")


async def test_a_refused_event_is_raised_and_the_others_are_stored(intake: Intake, store: SqlStore) -> None:
    await store.end_conversation(thread("t2"), customer())
    with pytest.raises(SessionEnded):
        await intake.accept([said("e1"), said("x1", where="t2"), said("e2")])
    assert len(await store.messages(ID)) == 2


async def test_nothing_is_acknowledged_when_nothing_was_stored(intake: Intake, inbox: Watched, store: SqlStore) -> None:
    inbox.failures = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await intake.accept([said("e1")])
    assert await store.messages(ID) == []
    (accepted,) = await intake.accept([said("e1")])
    assert not accepted.duplicate


async def test_what_came_together_fails_together(
    inbox: Watched, store: SqlStore, wake: LocalWake, metrics: CountedMetrics
) -> None:
    """A second message that is stored while the first has to come again would overtake it."""
    intake = Intake(inbox, wake, metrics, LOGGED, max_batch=1)
    inbox.failures = [StoreUnavailable("away")]
    with pytest.raises(StoreUnavailable):
        await intake.accept([said("e1", "one"), said("e2", "two")])
    assert await store.messages(ID) == []
    await intake.accept([said("e1", "one"), said("e2", "two")])
    assert [message.text for message in await store.messages(ID)] == ["one", "two"]
    assert inbox.sizes == [2, 2]


async def test_too_many_are_refused(inbox: Watched, wake: LocalWake, metrics: CountedMetrics) -> None:
    intake = Intake(inbox, wake, metrics, LOGGED, max_queue=5)
    results = await asyncio.gather(
        *(intake.accept([said(f"e{number}")]) for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, Overloaded) for result in results) == 15
    await intake.drain()


async def test_quarantine_is_counted(intake: Intake, store: SqlStore, metrics: CountedMetrics) -> None:
    await intake.quarantine(RawEvent("web", "main", b"\xff"), "not JSON")
    assert metrics.total(Counter.EVENTS_QUARANTINED) == 1
    assert (await store.counts())["events_quarantined"] == 1


async def test_a_reason_that_quotes_the_whole_event_is_cut(metrics: CountedMetrics) -> None:
    inbox = AsyncMock()
    with capture_logs() as logs:
        await Intake(inbox, LocalWake(), metrics, LOGGED).quarantine(
            RawEvent("web", "main", b"["), "bad: " + "[" * 100_000
        )
    assert logs[0]["reason"] == inbox.quarantine.call_args.args[1] == "bad: " + "[" * 295


@pytest.mark.parametrize(("album", "window"), [(None, 0.0), ("a1", 1.5)], ids=["alone", "in an album"])
async def test_only_an_album_is_waited_for(
    inbox: Watched, wake: LocalWake, metrics: CountedMetrics, album: str | None, window: float
) -> None:
    intake = Intake(inbox, wake, metrics, {"web": Capabilities(text_limit=1000, album_window=1.5)})
    (accepted,) = await intake.accept([said("e1", album=album)])
    assert accepted.cursor is None
    assert inbox.items[0].window == window
