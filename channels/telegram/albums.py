"""Albums in groups: an update for each picture, and only one of them has the caption that says whom the album is for.

Pictures that come before that one are put aside until it comes; those that come after it are known by a note. Both are durable,
so that it does not matter which process takes which picture, or how long the hub was away in between.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from telegram import Update

from channels.telegram.parse import Part, Reader
from channels.telegram.settings import CHANNEL
from core.domain.errors import StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_OURS: Final = "album/"
_ASIDE: Final = "album-part/"
_WAIT: Final = timedelta(minutes=10)
"""For the caption: Telegram repeats what a hub did not take with growing pauses."""

_log = structlog.get_logger(__name__)


class GroupAlbums:
    """What is noted durably, the reader knows. Every method raises StoreUnavailable."""

    def __init__(self, memory: ChannelMemory, account: str, clock: Clock, reader: Reader) -> None:
        self._memory = memory
        self._account = account
        self._clock = clock
        self._known = reader.albums
        self._reader = reader
        self._sweeping: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Go on waiting for what was put aside before."""
        if await self._memory.recall_all(CHANNEL, self._account, _ASIDE, limit=1):
            self._sweep_later()

    async def close(self) -> None:
        """What is put aside stays so."""
        await end_tasks(self._sweeping)

    async def earlier(self, update: Update) -> Sequence[Update]:
        """Before an update is read: the updates put aside that turn out to be for us by it, oldest first."""
        part = self._reader.part_of_album(update)
        if part is None:
            return []
        if part.ours and part.new:
            await self._note(part)
            kept = await self._memory.recall_all(CHANNEL, self._account, f"{_ASIDE}{part.album}/")
            return [Update.de_json(json.loads(kept[key])["update"]) for key in sorted(kept, key=_number)]
        if part.album in self._known:
            return []
        if not await self._is_noted(part) and part.new:
            await self._put_aside(part, update)
            await self._is_noted(part)  # another process may have noted it meanwhile, before it could see this part
        return []

    async def accepted(self, update: Update) -> None:
        """After the commit: what it brought waits no more.

        Another picture of the album brought nothing: its commit says nothing of those that wait for the one with the caption.
        """
        part = self._reader.part_of_album(update)
        if part is None or not part.new or part.album not in self._known:
            return
        aside = f"{_ASIDE}{part.album}/"
        for key in (
            await self._memory.recall_all(CHANNEL, self._account, aside)
            if part.ours
            else await self._memory.recall_many(CHANNEL, self._account, [f"{aside}{part.number}"])
        ):
            await self._memory.forget(CHANNEL, self._account, key)

    async def _is_noted(self, part: Part) -> bool:
        noted = await self._memory.recall(CHANNEL, self._account, f"{_OURS}{part.album}") is not None
        if noted:
            self._known[part.album] = None
        return noted

    async def _note(self, part: Part) -> None:
        """For a week (channels.forgetting): Telegram keeps what nobody took for a day (api#getting-updates)."""
        await self._memory.remember(CHANNEL, self._account, f"{_OURS}{part.album}", self._clock.now().isoformat())
        self._known[part.album] = None

    async def _put_aside(self, part: Part, update: Update) -> None:
        kept = json.dumps({"at": self._clock.now().isoformat(), "update": update.to_dict()})
        await self._memory.remember(CHANNEL, self._account, f"{_ASIDE}{part.album}/{part.number}", kept)
        self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """Albums that were for somebody else are not kept."""
        left = True
        while left:
            await self._clock.sleep(_WAIT.total_seconds())
            try:
                left = await self._forget_old()
            except StoreUnavailable as error:
                _log.warning("telegram.albums_not_swept", detail=error.detail)

    async def _forget_old(self) -> bool:
        """Whether something is left to wait for."""
        now, left = self._clock.now(), False
        for key, kept in (await self._memory.recall_all(CHANNEL, self._account, _ASIDE)).items():
            if now - datetime.fromisoformat(json.loads(kept)["at"]) < _WAIT:
                left = True
            else:
                await self._memory.forget(CHANNEL, self._account, key)
        return left


def _number(key: str) -> int:
    return int(key.rpartition("/")[2])
