"""Senders take turns at reading files: many files of one delay nobody else's."""

from __future__ import annotations

import asyncio
import contextlib

from core.attachments.fair_turns import FairTurns


class _Readings:
    """Files that are read until they are told to end; a reading takes ten seconds of the test's clock."""

    def __init__(self, slots: int) -> None:
        self._now = 0.0
        self.turns = FairTurns(slots, lambda: self._now)
        self.begun: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()

    def add(self, sender: str, count: int = 1) -> None:
        self.tasks += [asyncio.create_task(self._read(sender)) for _ in range(count)]

    async def _read(self, sender: str) -> None:
        async with self.turns.turn(sender):
            self.begun.append(sender)
            await self._end.wait()
            self._now += 10.0

    async def all_wait(self) -> None:
        for _ in range(3 * len(self.tasks)):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        self._end.set()
        for task in self.tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def test_a_newcomer_is_read_before_the_rest_of_a_sender_of_many() -> None:
    readings = _Readings(slots=1)
    readings.add("hostile", 12)
    await readings.all_wait()
    readings.add("ada")
    readings.add("bob")
    await readings.all_wait()
    await readings.finish()
    assert readings.begun[:3] == ["hostile", "ada", "bob"]
    assert readings.begun.count("hostile") == 12


async def test_who_waits_is_served_by_turns_and_each_in_order() -> None:
    readings = _Readings(slots=1)
    readings.add("first")
    await readings.all_wait()
    readings.add("a", 3)
    readings.add("b", 3)
    await readings.all_wait()
    await readings.finish()
    assert readings.begun == ["first", "a", "b", "a", "b", "a", "b"]


async def test_a_cancelled_file_leaves_its_slot_to_the_next() -> None:
    readings = _Readings(slots=1)
    readings.add("a", 2)
    readings.add("b")
    await readings.all_wait()
    readings.tasks[1].cancel()
    await readings.finish()
    assert readings.begun == ["a", "b"]
    readings.add("c")
    await readings.all_wait()
    assert readings.begun[-1] == "c"


async def test_so_many_at_once_and_no_more() -> None:
    readings = _Readings(slots=2)
    readings.add("a", 3)
    await readings.all_wait()
    assert readings.begun == ["a", "a"]
    await readings.finish()
    assert readings.begun == ["a", "a", "a"]
