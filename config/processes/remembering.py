"""Learns from conversations at rest what their customers said of themselves, beside the customers who write."""

from __future__ import annotations

import asyncio

import structlog

from config.processes.election import Election
from config.processes.loops import LoopTask
from core.ports.memories import Learner, Memories, Newest

log = structlog.get_logger(__name__)

_ELECTED = "memory"
_AT_ONCE = 8
_SHORTEST, _LONGEST = 5.0, 60.0
_LEASE = 300.0


class Remembering:
    """A loop of a worker. Of several processes one does it, so that the model is asked once; what both read is kept once.

    ``rest``: seconds. What is cut off is read again: a part counts as read with what was found in it, in one commit.
    """

    def __init__(self, memories: Memories, learner: Learner, rest: float, election: Election | None = None) -> None:
        self._memories = memories
        self._learner = learner
        self._rest = rest
        self._election = election or Election()
        self._poll = min(_LONGEST, max(_SHORTEST, rest / 10))
        self._loop = LoopTask()

    def start(self) -> None:
        """Returns at once."""
        self._loop.begin(self._run(), "memory")

    async def stop(self) -> None:
        """What is under way is given up, and done after the next start."""
        await self._loop.end()
        await self._election.give_back(_ELECTED)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            try:
                await self.once()
            except Exception as error:  # a loop that ends here would remember nothing until the next start
                log.warning("memory.failed", error=str(error))

    async def once(self) -> int:
        """How many parts of conversations were read. What cannot be read is left to the next time. Raises StoreUnavailable."""
        read, after, more = 0, None, True
        while more and await self._election.won(_ELECTED, _LEASE):
            parts = await self._memories.unremembered(self._rest, after=after, limit=_AT_ONCE)
            for part in parts:
                found = await self._learner.learn(part)
                if found is not None and await self._memories.keep_learned(part, found):
                    read += 1
            after, more = _last(after, [part.place for part in parts]), len(parts) == _AT_ONCE
        if read:
            log.info("memory.read", parts=read)
        return read


def _last(after: Newest | None, places: list[Newest]) -> Newest | None:
    return places[-1] if places else after
