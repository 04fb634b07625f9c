"""A Slack that fails when the hub calls it, and that delivers again what was not taken, and some of what was."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from typing import Any

import aiohttp

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import SECRET, Fault, Json
from tests.faults.channels.weather import Trouble, Weather

_PATIENCE = 3.0  # Slack's own, for an acknowledgement
_SAYS = frozenset(
    {
        "chat.postMessage",
        "chat.update",
        "chat.delete",
        "reactions.add",
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "views.open",
    }
)
_ASKS = frozenset({"conversations.replies", "conversations.history", "conversations.members", "files.info"})
_SILENT = 0.2
"""Of the calls whose answer is lost, those where the line stays open and nothing comes."""
_FAULTS = {
    Trouble.LIMIT: Fault(status=429, retry_after=1),
    Trouble.FAILURE: Fault(status=503),
    Trouble.GONE: Fault(drop=True),
    Trouble.LOST: Fault(drop=True, written=True),
}


class PatientSlack(SlackFake):
    """``push`` returns when the hub has taken it. ``trouble``: the share of calls that fail, ``again``: of events repeated."""

    def __init__(self, rng: random.Random, trouble: float, again: float) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.trouble = Weather(rng, trouble)
        self._rng = rng
        self._again = again
        self._late: set[asyncio.Task[None]] = set()
        self.weather = self._fault

    async def push(
        self, url: str, payload: Json, *, form: str | None = None, secret: str = SECRET, age: int = 0, retry: int = 0
    ) -> tuple[int, bytes]:
        """See SlackFake.push."""
        tries = retry
        while (answer := await self._taken(url, payload, form, tries)) is None:
            tries += 1
            self.counts["delivered again because not taken"] += 1
            await asyncio.sleep(self._rng.uniform(0.05, 0.3))
        if form is None and self._rng.random() < self._again:
            self.counts["delivered again though taken"] += 1
            task = asyncio.create_task(self._later(url, payload, tries + 1))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        return 200, answer

    async def rest(self) -> None:
        """What was to be delivered again is, or never will be."""
        await asyncio.gather(*self._late, return_exceptions=True)

    async def _later(self, url: str, payload: Json, retry: int) -> None:
        await asyncio.sleep(self._rng.uniform(0.0, 1.5))
        await self._taken(url, payload, None, retry)

    async def _taken(self, url: str, payload: Json, form: str | None, retry: int) -> bytes | None:
        """What the hub said to it."""
        given: dict[str, Any] = {"retry": retry} if retry and form is None else {}
        try:
            async with asyncio.timeout(_PATIENCE):
                status, body = await super().push(url, payload, form=form, **given)
        except (aiohttp.ClientError, OSError, TimeoutError):
            return None
        return body if status == 200 else None

    def _fault(self, method: str, args: Json) -> Fault | None:
        if method in _SAYS:
            trouble = self.trouble.over(f"{method} {args}")
        else:
            trouble = self.trouble.over_reading() if method in _ASKS else None
        if trouble is Trouble.LOST and self._rng.random() < _SILENT:
            self.counts["calls without any answer, though carried out"] += 1
            return Fault(written=True, silent=True)
        return _FAULTS[trouble] if trouble else None
