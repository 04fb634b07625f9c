"""One person at a stream pair: lines in, blocks of text out."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol

from channels.bounded import Bounded
from core.domain.errors import TooLarge, Unreachable

_REMEMBERED = 512


class Writer(Protocol):
    """The part of asyncio.StreamWriter that a terminal needs."""

    def write(self, data: bytes) -> None: ...

    async def drain(self) -> None: ...


class Terminal:
    """Remembers what it printed, so that the same delivery twice shows once."""

    def __init__(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer
        self._printed: Bounded[str, None] = Bounded(_REMEMBERED)
        self._writing = asyncio.Lock()
        self._answered = asyncio.Condition()
        self._handled = 0

    async def line(self) -> bytes | None:
        """The next line without its end; None at the end. Raises TooLarge for one that the stream cannot hold."""
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError as error:
            return error.partial or None
        except asyncio.LimitOverrunError:
            await self._skip_line()
            raise TooLarge("That line is too long. Nothing of it was sent.") from None
        except ConnectionError:
            return None
        return line.rstrip(b"\r\n")

    async def show(self, text: str) -> None:
        """Print a block. Raises Unreachable when nobody is there any more."""
        async with self._writing:
            await self._write(text)

    async def show_once(self, key: str, text: str, handled_seq: int) -> None:
        """Print a delivery, unless it was printed before. Raises Unreachable."""
        async with self._writing:
            if key not in self._printed:
                await self._write(text)
                self._printed[key] = None
        async with self._answered:
            self._handled = max(self._handled, handled_seq)
            self._answered.notify_all()

    def has_shown(self, key: str) -> bool:
        """Whether that delivery was printed."""
        return key in self._printed

    def has_answered(self, seq: int) -> bool:
        """Whether the message of that place in the conversation was answered."""
        return self._handled >= seq

    async def answered(self, seq: int, seconds: float) -> bool:
        """Wait until the message of that place in the conversation was answered; False when it was not in time."""
        try:
            async with asyncio.timeout(seconds), self._answered:
                await self._answered.wait_for(lambda: self.has_answered(seq))
        except TimeoutError:
            return False
        return True

    async def _write(self, text: str) -> None:
        try:
            self._writer.write(text.encode("utf-8", "replace") + b"\n")
            await self._writer.drain()
        except (ConnectionError, OSError, RuntimeError) as error:
            raise Unreachable("The terminal was closed.") from error

    async def _skip_line(self) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                try:
                    await self._reader.readuntil(b"\n")
                except asyncio.LimitOverrunError as error:
                    await self._reader.readexactly(error.consumed)
                else:
                    return
