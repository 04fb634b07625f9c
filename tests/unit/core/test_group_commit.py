"""Group commit: batches grow under load, a bad item stands alone, a caller who leaves takes nothing with him."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from core.domain.errors import InvalidInput, Overloaded, StoreUnavailable
from core.group_commit import GroupCommit


class Log:
    """Commits numbers; each commit waits for the gate. Negative numbers cannot be committed."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.batches: list[list[int]] = []
        self.failures: list[Exception] = []

    async def commit(self, items: Sequence[int]) -> Sequence[int | Exception]:
        self.batches.append(list(items))
        self.begun.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        if any(item < 0 for item in items):
            raise ValueError("cannot be committed")
        return [InvalidInput("refused") if item == 0 else item * 10 for item in items]


@pytest.fixture
def log() -> Log:
    return Log()


async def _busy(log: Log, group: GroupCommit[int, int]) -> asyncio.Task[int]:
    """A commit that is under way and waits for the gate."""
    log.gate.clear()
    first = asyncio.create_task(group.submit(1))
    await log.begun.wait()
    return first


async def test_alone_an_item_waits_for_nobody(log: Log) -> None:
    assert await GroupCommit(log.commit).submit(7) == 70
    assert log.batches == [[7]]


async def test_whoever_comes_during_a_commit_shares_the_next(log: Log) -> None:
    group = GroupCommit(log.commit)
    first = await _busy(log, group)
    others = [asyncio.create_task(group.submit(number)) for number in range(2, 50)]
    await asyncio.sleep(0)
    log.gate.set()
    assert await first == 10
    assert await asyncio.gather(*others) == [number * 10 for number in range(2, 50)]
    assert log.batches == [[1], list(range(2, 50))]


async def test_batches_are_bounded(log: Log) -> None:
    group = GroupCommit(log.commit, max_batch=10)
    first = await _busy(log, group)
    others = [asyncio.create_task(group.submit(number)) for number in range(2, 27)]
    await asyncio.sleep(0)
    log.gate.set()
    await asyncio.gather(first, *others)
    assert [len(batch) for batch in log.batches] == [1, 10, 10, 5]


async def test_an_items_own_fault_is_its_callers(log: Log) -> None:
    group = GroupCommit(log.commit)
    results = await asyncio.gather(*(group.submit(number) for number in (1, 0, 2)), return_exceptions=True)
    assert results[0] == 10
    assert isinstance(results[1], InvalidInput)
    assert results[2] == 20


@pytest.mark.parametrize("failure", [ValueError("broken"), InvalidInput("does not apply")])
async def test_a_bad_item_harms_no_neighbour(log: Log, failure: Exception) -> None:
    async def commit(items: Sequence[int]) -> Sequence[int | Exception]:
        log.batches.append(list(items))
        if -1 in items:
            raise failure
        return list(items)

    group = GroupCommit(commit)
    results = await asyncio.gather(*(group.submit(number) for number in (1, -1, 2)), return_exceptions=True)
    assert results == [1, failure, 2]
    assert log.batches == [[1, -1, 2], [1], [-1], [2]]


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), Overloaded("too much")])
async def test_an_outage_is_everybodys_and_is_not_tried_one_by_one(log: Log, failure: Exception) -> None:
    group = GroupCommit(log.commit)
    log.failures = [failure]
    results = await asyncio.gather(*(group.submit(number) for number in (1, 2, 3)), return_exceptions=True)
    assert results == [failure] * 3
    assert len(log.batches) == 1
    assert await group.submit(4) == 40, "afterwards it goes on"


async def test_too_many_are_refused_at_once(log: Log) -> None:
    group = GroupCommit(log.commit, max_queue=3)
    first = await _busy(log, group)
    waiting = [asyncio.create_task(group.submit(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await group.submit(5)
    log.gate.set()
    assert await asyncio.gather(first, *waiting) == [10, 20, 30, 40]


async def test_a_caller_who_leaves_takes_nothing_with_him(log: Log) -> None:
    group = GroupCommit(log.commit)
    first = await _busy(log, group)
    leaver, stayer = asyncio.create_task(group.submit(2)), asyncio.create_task(group.submit(3))
    await asyncio.sleep(0)
    first.cancel()
    leaver.cancel()
    log.gate.set()
    assert await stayer == 30
    assert log.batches == [[1], [2, 3]], "what was handed over is committed all the same"
    with pytest.raises(asyncio.CancelledError):
        await leaver


async def test_an_error_that_nobody_waits_for_is_no_noise(log: Log) -> None:
    group = GroupCommit(log.commit)
    first = await _busy(log, group)
    leaver = asyncio.create_task(group.submit(-1))
    await asyncio.sleep(0)
    leaver.cancel()
    log.gate.set()
    await first
    await group.drain()


async def test_drain_waits_for_everything(log: Log) -> None:
    group = GroupCommit(log.commit)
    await group.drain()
    first = await _busy(log, group)
    second = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    draining = asyncio.create_task(group.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    log.gate.set()
    await draining
    assert (await first, await second) == (10, 20)


async def test_a_commit_that_forgets_an_answer_leaves_nobody_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[int | Exception]:
        return []

    with pytest.raises(ValueError, match="shorter"):
        await GroupCommit[int, int](forgetful).submit(1)


async def test_what_is_submitted_together_is_never_parted(log: Log) -> None:
    """Otherwise the first half of a sender's messages could fail and the second half overtake it."""
    group = GroupCommit(log.commit, max_batch=4)
    first = await _busy(log, group)
    together = asyncio.create_task(group.submit_all([2, 3, 4]))
    await asyncio.sleep(0)
    behind = asyncio.create_task(group.submit_all([5, 6]))
    await asyncio.sleep(0)
    log.gate.set()
    assert (await first, await together, await behind) == (10, [20, 30, 40], [50, 60])
    assert log.batches == [[1], [2, 3, 4], [5, 6]]


async def test_together_they_are_stored_or_none_is(log: Log) -> None:
    group = GroupCommit(log.commit)
    first = await _busy(log, group)
    bad = asyncio.create_task(group.submit_all([2, -3]))
    good = asyncio.create_task(group.submit_all([4, 0]))
    await asyncio.sleep(0)
    log.gate.set()
    await first
    with pytest.raises(ValueError, match="cannot be committed"):
        await bad
    stored, refused = await good
    assert (stored, type(refused)) == (40, InvalidInput)
    assert log.batches == [[1], [2, -3, 4, 0], [2, -3], [4, 0]]
