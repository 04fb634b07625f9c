"""How far a folder was read, and how often the mail that is due was begun, in the channel's memory.

A mail is counted before it is looked at, so that one that ends the whole process is known to the next one. What was committed
is written together with the next mail's count, or when the process ends in order: a mail costs one write. After a crash the last
mail is offered again, and known by its Message-ID.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Final

from channels.email.settings import CHANNEL
from core.ports.channel_memory import ChannelMemory

MOST_TRIES: Final = 2
"""How often the reading of one mail is begun."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """``begun``: when the hub first saw the folder. ``seen``: when the last mail that was read had arrived.

    ``due``: UIDVALIDITY and UID of the mail that is being read, and ``tries`` how often that was begun, by whomever.
    """

    validity: int
    uid: int
    begun: str
    seen: str
    due: str = ""
    tries: int = 0


class FolderPlaces:
    """Of one folder. Everything here raises StoreUnavailable."""

    def __init__(self, memory: ChannelMemory, account: str, folder: str) -> None:
        self._memory = memory
        self._account = account
        self._key = f"place/{folder}"
        self._written: str | None = None
        self._latest: FolderPlace | None = None
        self._counted = ""

    async def recall(self) -> FolderPlace | None:
        """Where to go on; None when the folder was never read."""
        text = await self._memory.recall(CHANNEL, self._account, self._key)
        if text is None:
            return None
        if self._latest is None or text != self._written:  # another process has read on
            self._written, self._latest = text, FolderPlace(**json.loads(text))
        return self._latest

    async def keep(self, place: FolderPlace) -> None:
        """Written before it returns."""
        text = json.dumps(asdict(place))
        await self._memory.remember(CHANNEL, self._account, self._key, text)
        self._written, self._latest = text, place

    def passed(self, place: FolderPlace) -> None:
        """To be written with what comes next."""
        self._latest = place

    async def close(self) -> None:
        """Write what was passed, unless another process reads the folder by now."""
        if self._written is None or self._latest is None:
            return
        latest = self._latest
        if latest.due:  # it was stopped in the middle, which is not the mail's fault
            latest = replace(latest, tries=latest.tries - 1)
        text = json.dumps(asdict(latest))
        if text != self._written:
            await self._memory.replace(CHANNEL, self._account, self._key, self._written, text)

    async def begin(self, place: FolderPlace, due: str) -> FolderPlace:
        """Count a try of a mail before it is looked at. Once for each process, which knows what else has kept it from reading."""
        if self._counted == due == place.due:
            return place
        place = await self._count(place, due)
        self._counted = due
        return place

    async def failed(self, place: FolderPlace) -> FolderPlace:
        """The mail that is due is to be tried once more, or put aside when `FolderPlace.tries` are more than MOST_TRIES."""
        return await self._count(place, place.due)

    async def _count(self, place: FolderPlace, due: str) -> FolderPlace:
        place = replace(place, due=due, tries=place.tries + 1 if place.due == due else 1)
        await self.keep(place)
        return place
