"""Which mails were handed in, so that after a crash it is known and not guessed.

SMTP has no idempotency key, and a server that takes the same Message-ID twice delivers it twice. So a line is written before
the mail's bytes go out, and completed when the server has answered. No line: certainly not sent. A complete one: sent. Only a
line that nobody completed is doubt, and then the Sent folder is asked, where there is one.
"""

from __future__ import annotations

import contextlib
from typing import Final

from channels.email.settings import CHANNEL
from channels.email.tokens import event_id
from core.domain.errors import StoreUnavailable, Unreachable
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_BEGUN: Final = "begun"
_SENT: Final = "sent"
_DAYS: Final = 14
_LISTED: Final = 500


class Ledger:
    """By Message-ID."""

    def __init__(self, memory: ChannelMemory, clock: Clock, account: str) -> None:
        self._memory = memory
        self._clock = clock
        self._account = account

    async def begin(self, message_id: str) -> bool:
        """Whether it is the first try. Raises Unreachable when it cannot be written: nothing was sent then."""
        try:
            first = await self.state(message_id) is False
            await self._write(message_id, _BEGUN)
        except StoreUnavailable as error:
            raise Unreachable(f"Nothing was sent, because it could not be noted: {error.detail}") from error
        return first

    async def sent(self, message_id: str) -> None:
        """The server has it. If this cannot be written, it stays in doubt, which is not worth losing the receipt for."""
        with contextlib.suppress(StoreUnavailable):
            await self._write(message_id, _SENT)

    async def refused(self, message_id: str) -> None:
        """The server does not have it."""
        with contextlib.suppress(StoreUnavailable):
            await self._memory.forget(CHANNEL, self._account, _key(message_id))

    async def state(self, message_id: str) -> bool | None:
        """True: sent. False: certainly not. None: nobody knows. Raises StoreUnavailable."""
        line = await self._memory.recall(CHANNEL, self._account, _key(message_id))
        if line is None:
            return False
        return True if line.startswith(_SENT) else None

    async def prune(self) -> None:
        """Lines that no delivery will ask for any more. Raises StoreUnavailable."""
        await self._prune("out/m/", self._clock.now().timestamp() - _DAYS * 86_400)

    async def _prune(self, prefix: str, oldest: float) -> None:
        lines = await self._memory.recall_all(CHANNEL, self._account, prefix, _LISTED)
        if len(lines) == _LISTED:  # and perhaps more: ids are hexadecimal, so each digit is asked for by itself
            for digit in "0123456789abcdef":
                await self._prune(prefix + digit, oldest)
            return
        for key, line in lines.items():
            if float(line.partition(" ")[2] or 0) < oldest:
                await self._memory.forget(CHANNEL, self._account, key)

    async def _write(self, message_id: str, state: str) -> None:
        line = f"{state} {self._clock.now().timestamp():.0f}"
        await self._memory.remember(CHANNEL, self._account, _key(message_id), line)


def _key(message_id: str) -> str:
    return f"out/{event_id(message_id)}"
