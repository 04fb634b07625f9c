"""The loop that reads conversations at rest: elected, patient with a model that fails, and not ended by an error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from config.processes import remembering
from config.processes.election import Election
from config.processes.remembering import Remembering
from core.domain.errors import StoreUnavailable
from core.domain.memory import CustomerMemory
from core.ports.memories import Learned, Newest, Unremembered
from tests.unit.config.leases import Leases
from tests.unit.core.eventually import eventually


class Book:
    """``left``: conversations that nothing was learned from yet. It is away at first where it is ``broken``."""

    def __init__(self, left: int = 3, *, broken: bool = False) -> None:
        self.left = [f"c{number:03}" for number in range(left)]
        self.broken = broken
        self.kept: list[str] = []

    async def unremembered(self, _rest: float, *, after: Newest | None, limit: int) -> Sequence[Unremembered]:
        if self.broken:
            self.broken = False
            raise StoreUnavailable("away")
        found = [one for one in self.left if after is None or one > after[1]][:limit]
        return [Unremembered(one, "cu", 0, 1, None, CustomerMemory(), (), (0.0, one)) for one in found]

    async def keep_learned(self, part: Unremembered, _found: Learned) -> bool:
        self.left.remove(part.conversation_id)
        self.kept.append(part.conversation_id)
        return True


class Learner:
    """Fails for some conversations."""

    def __init__(self, *fails: str) -> None:
        self.fails = set(fails)
        self.asked: list[str] = []

    async def learn(self, part: Unremembered) -> Learned | None:
        self.asked.append(part.conversation_id)
        return None if part.conversation_id in self.fails else Learned()


def loop(book: Book, learner: Learner | None = None, **given: Any) -> Remembering:
    return Remembering(cast(Any, book), learner or Learner(), 36_000.0, **given)


async def test_it_goes_on_after_an_error_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_LONGEST", 0.01)
    book = Book(broken=True)
    one = loop(book)
    one.start()
    await eventually(lambda: len(book.kept) == 3)
    await one.stop()


async def test_of_several_processes_one_reads() -> None:
    leases, book = Leases(), Book()
    first, second = (loop(book, election=Election(cast(Any, leases), name)) for name in ("p0", "p1"))
    assert await first.once() == 3
    book.left = ["c900"]
    assert await second.once() == 0
    await first.stop()
    assert await second.once() == 1


async def test_what_fails_is_not_tried_each_time_and_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_LONGEST", 3_600.0)
    book, learner = Book(20), Learner(*(f"c{number:03}" for number in range(8)))
    one = loop(book, learner)
    assert await one.once() == 12
    asked = len(learner.asked)
    assert await one.once() == 0
    assert len(learner.asked) == asked
    learner.fails.clear()
    assert await loop(book, learner).once() == 8


async def test_a_great_many_are_read_over_several_times() -> None:
    book = Book(450)
    one = loop(book)
    read = [await one.once() for _ in range(4)]
    assert sum(read) == 450
    assert max(read) < 450


async def test_what_failed_and_is_gone_since_is_not_kept_in_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "_LONGEST_PAUSE", 0.0)
    book = Book(3)
    one = loop(book, Learner(*book.left))
    assert await one.once() == 0
    assert len(vars(one)["_failed"]) == 3
    book.left.clear()
    await one.once()
    assert vars(one)["_failed"] == {}
