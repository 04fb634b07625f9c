"""Customers of all channels at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.faults.channels.door import Door
from tests.faults.channels.words import Said, read, signed

_LOOK = 0.2


@dataclass
class Person:
    """One customer. ``in_turns``: waits for the answer to each message before writing the next."""

    door: Door
    tag: str
    each: int
    in_turns: bool
    allowed: int = 0
    written: int = 0
    _texts: list[str] = field(default_factory=list)
    _said: list[Said] = field(default_factory=list)

    def __str__(self) -> str:
        left = sorted(set(range(1, self.each + 1)) - self.answered)
        return f"{self.tag} has written {self.written} and waits for {left}"

    @property
    def said(self) -> Sequence[Said]:
        """Every answer that stands there, in order. What changes is read again."""
        texts = list(self.door.read(self.tag))
        if texts != self._texts:
            self._texts, self._said = texts, [read(text) for text in texts]
        return self._said

    @property
    def answered(self) -> set[int]:
        """The numbers of messages that an answer was seen to."""
        return {number for said in self.said for number in said.numbers}


class Throng:
    """They write when they are allowed to."""

    def __init__(self, people: Iterable[Person], each: int) -> None:
        self.people = list(people)
        self.each = each
        self._changed = asyncio.Condition()
        self._tasks = [asyncio.create_task(self._write(person)) for person in self.people]

    @property
    def is_idle(self) -> bool:
        """Whether everything that may be written was answered."""
        return all(len(person.answered) >= person.allowed for person in self.people)

    async def allow(self, more: int, *people: Person) -> None:
        """These may write so many more; everybody, when nobody is named."""
        async with self._changed:
            for person in people or self.people:
                person.allowed = min(self.each, person.allowed + more)
            self._changed.notify_all()

    async def finished(self, within: float) -> None:
        """Everybody writes the rest, and it is all answered."""
        await self.allow(self.each)
        until = time.monotonic() + within
        while not all(task.done() for task in self._tasks) or self._waiting():
            for task in self._tasks:
                if task.done():
                    task.result()
            assert time.monotonic() < until, f"not within {within} s: {[str(one) for one in self._waiting()]}"
            await asyncio.sleep(0.2)

    async def answered(self, upto: int, within: float) -> None:
        """Everybody's messages up to that number are answered."""
        async with asyncio.timeout(within):
            for person in self.people:
                await self._until_answered(person, upto)

    async def leave(self) -> None:
        """Go at once, whatever is outstanding."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _waiting(self) -> list[Person]:
        wanted = set(range(1, self.each + 1))
        return [person for person in self.people if not wanted <= person.answered]

    async def _write(self, person: Person) -> None:
        for number in range(1, self.each + 1):
            async with self._changed:
                await self._changed.wait_for(lambda: number <= person.allowed)  # noqa: B023
            await person.door.write(person.tag, signed(number, person.tag))
            person.written = number
            if person.in_turns:
                await self._until_answered(person, number)

    async def _until_answered(self, person: Person, number: int) -> None:
        while not set(range(1, number + 1)) <= person.answered:  # noqa: ASYNC110 - a provider's own lists are read
            await asyncio.sleep(_LOOK)


def tags(door: Door, count: int) -> list[str]:
    """The customers of a channel."""
    return [f"{door.name}-{number}" for number in range(1, count + 1)]


@asynccontextmanager
async def throng(doors: Sequence[Door], customers: int, each: int, *, in_turns: bool = False) -> AsyncIterator[Throng]:
    """So many customers at each door, with so many messages each."""
    people = [Person(door, tag, each, in_turns) for door in doors for tag in tags(door, customers)]
    found = Throng(people, each)
    try:
        yield found
    finally:
        await found.leave()
        for door in doors:
            await door.close()
