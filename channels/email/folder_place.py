"""Keeps how far a folder was read, and how often reading the next mail was tried, in the channel's memory.

The place is written behind, from time to time: after a crash the mails behind it are offered again, and known by their event
keys. The first mails that a process reads are counted durably before they are read, since one of them may have ended the
process before: so one that ends every process is put aside.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from channels.email.settings import CHANNEL
from core.ports.channel_memory import ChannelMemory

MOST_TRIES: Final = 2
"""Tries at one mail before it is put aside."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """``begun``: when the hub first saw the folder. ``seen``: when the last mail that was read had arrived.

    ``due``: UIDVALIDITY and UID of the mail that is being read, and ``tries`` how often that was begun, in whichever process.
    """

    validity: int
    uid: int
    begun: str
    seen: str
    due: str = ""
    tries: int = 0

    def tries_of(self, due: str) -> int:
        """How many tries at that mail did not complete."""
        return self.tries if self.due == due else 0


class FolderPlaces:
    """The place in one folder; ``latest``: as this process knows it. Every method raises StoreUnavailable."""

    def __init__(self, memory: ChannelMemory, account: str, folder: str) -> None:
        self._memory = memory
        self._account = account
        self._key = f"place/{folder}"
        self._written: str | None = None
        self.latest: FolderPlace | None = None
        self._counted = ""

    async def recall(self) -> FolderPlace | None:
        """The stored place; None for a folder that was never read."""
        text = await self._memory.recall(CHANNEL, self._account, self._key)
        if text is None:
            return None
        if self.latest is None or text != self._written:  # another process has read on
            self._written, self.latest = text, FolderPlace(**json.loads(text))
        return self.latest

    def is_over(self, place: FolderPlace, due: str) -> bool:
        """Whether other processes have used up the tries at that mail."""
        return place.tries_of(due) >= MOST_TRIES and self._counted != due

    async def keep(self, place: FolderPlace) -> None:
        """Written before it returns."""
        text = json.dumps(asdict(place))
        await self._memory.remember(CHANNEL, self._account, self._key, text)
        self._written, self.latest = text, place

    def passed(self, place: FolderPlace) -> None:
        """Note a committed mail. The place is written with the next durable change, or by `flush`."""
        self.latest = place

    @property
    def is_written(self) -> bool:
        """Whether `flush` would write nothing."""
        return self.latest is None or self._written == json.dumps(asdict(self.latest))

    async def flush(self) -> None:
        """Write what was passed, unless another process reads the folder by now."""
        if self._written is not None and self.latest is not None:
            text = json.dumps(asdict(self.latest))
            if text != self._written and await self._memory.replace(
                CHANNEL, self._account, self._key, self._written, text
            ):
                self._written = text

    async def close(self) -> None:
        """Call it when the process stops in order: a try that this interrupts does not count."""
        if self.latest is not None and self.latest.due and self._counted == self.latest.due:
            self.latest = replace(self.latest, tries=self.latest.tries - 1)
        await self.flush()

    async def count(self, place: FolderPlace, due: str, *, again: bool = False) -> FolderPlace:
        """Count a try of a mail; ``again`` also in a process that has counted one: it knows what else kept it from reading."""
        if self._counted == due == place.due and not again:
            return place
        place = replace(place, due=due, tries=place.tries_of(due) + 1)
        await self.keep(place)
        self._counted = due
        return place

    async def clear(self, place: FolderPlace) -> FolderPlace:
        """Note that the mail could be read: later failures are not its fault."""
        place = replace(place, due="", tries=0)
        await self.keep(place)
        self._counted = ""
        return place
