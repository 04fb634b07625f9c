"""What a customer can do, whatever the platform: the tests speak of this alone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

PATIENCE = 180.0


@dataclass(frozen=True)
class Paper:
    """A file of a customer's, or of the company's."""

    name: str
    media_type: str
    content: bytes


class Customer(Protocol):
    """One person in one conversation. ``who`` is how the hub knows them; ``said`` what the platform made of a message."""

    channel: str
    who: str

    async def write(self, text: str, *papers: Paper) -> Any:
        """Returns when the platform has got rid of it, or is about to."""
        ...

    async def again(self, said: Any) -> None:
        """The platform delivers it once more; returns when the hub has dealt with that."""
        ...

    async def ask_for_person(self) -> None:
        """As the platform has it: by a button where there is one, by words where there is none."""
        ...

    async def choose(self, number: int) -> None:
        """One of what was asked back: by a button where there are some, by its number where there are none."""
        ...

    def read(self) -> list[str]:
        """Everything that they see of the hub, oldest first, sources included."""
        ...

    async def papers(self) -> list[bytes]:
        """The files that they got."""
        ...

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        """The platform will not take the file that ``send`` sends, or finds out too late that it cannot deliver it."""
        ...

    def links(self) -> list[str]:
        """Every address in what they read."""
        ...


@runtime_checkable
class Correcting(Protocol):
    """Where messages can be edited, and emoji put on them."""

    async def edit(self, said: Any, text: str) -> None: ...

    async def react_to_answer(self, emoji: str) -> None: ...


@runtime_checkable
class Deleting(Protocol):
    """Where messages can be taken back, and the platform tells of it."""

    async def delete(self, said: Any) -> None: ...


@runtime_checkable
class Commanding(Protocol):
    """Where there are commands."""

    async def command(self, wish: str) -> None: ...


def addresses(text: str) -> list[str]:
    """The addresses in a text."""
    return re.findall(r"https?://[^\s|>]+", text)


async def until(holds: Callable[[], object], said: Callable[[], object]) -> None:
    """Wait for a condition. ``said``: what is to be shown if it never holds."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - half of what is waited for is in another process
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"This never came about; there is {said()}") from None


async def reads(customer: Customer, wanted: str) -> str:
    """What they read, once it is there."""
    shown = re.compile(wanted, re.DOTALL)
    await until(lambda: any(map(shown.search, customer.read())), customer.read)
    return next(text for text in customer.read() if shown.search(text))
