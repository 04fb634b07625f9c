"""Learns from conversations at rest what their customers said of themselves, beside the customers who write."""

from __future__ import annotations

import asyncio

import structlog

from config.processes.election import Election
from config.processes.loops import LoopTask
from core.ports.memories import Learned, Learner, Memories, Newest, Unremembered

log = structlog.get_logger(__name__)

_ELECTED = "memory"
_AT_ONCE = 8
_SHORTEST, _LONGEST = 5.0, 60.0
_LEASE, _LONGEST_PAUSE = 300.0, 3_600.0
_MOST_PAGES = 25
"""At one time. The next time goes on behind them: what fails again and again keeps no other conversation waiting."""


class NothingLearner:
    """Implements Learner while MEMORY is off: what is said meanwhile counts as read, and is not learned from later either."""

    async def learn(self, _part: Unremembered) -> Learned:
        return Learned()


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
        self._after: Newest | None = None
        self._failed: dict[str, tuple[int, float]] = {}
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
        read, now = 0, asyncio.get_running_loop().time()
        self._failed = {one: (tries, at) for one, (tries, at) in self._failed.items() if now < at + _LONGEST_PAUSE}
        for _ in range(_MOST_PAGES):
            if not await self._election.won(_ELECTED, _LEASE):
                break
            parts = await self._memories.unremembered(self._rest, after=self._after, limit=_AT_ONCE)
            read += sum(await asyncio.gather(*map(self._read, parts)))
            self._after = parts[-1].place if len(parts) == _AT_ONCE else None
            if self._after is None:
                break
        if read:
            log.info("memory.read", parts=read)
        return read

    async def _read(self, part: Unremembered) -> bool:
        """What could not be read is tried again more and more rarely: each try may cost as much as the first."""
        now = asyncio.get_running_loop().time()
        tries, at = self._failed.get(part.conversation_id, (0, now))
        if now < at:
            return False
        found = await self._learner.learn(part)
        if found is None:
            self._failed[part.conversation_id] = (
                tries + 1,
                now + min(_LONGEST_PAUSE, self._poll * 2 ** min(tries, 10)),
            )
            return False
        self._failed.pop(part.conversation_id, None)
        return await self._memories.keep_learned(part, found)
