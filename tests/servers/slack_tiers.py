"""Slack's rate limits, as docs.slack.dev/apis/web-api/rate-limits states them: by method, posts by channel."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict, deque

from config.simulation.slack_world import Fault, Json

_A_MINUTE = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "reactions.remove": 20,
    "chat.update": 50,
    "chat.delete": 50,
    "reactions.add": 50,
    "chat.appendStream": 100,
}
_BURST = 5
"""chat.postMessage: one a second in a channel, and so many at once after a rest."""


class Tiers:
    """The ``weather`` of a fake whose one workspace refuses what is above the limits; ``refused`` counts that by method.

    ``faster``: how many times faster Slack's clock goes.
    """

    def __init__(self, faster: float = 1.0) -> None:
        self._faster = faster
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._free_at: dict[str, float] = defaultdict(float)
        self.refused: Counter[str] = Counter()

    def __call__(self, method: str, args: Json) -> Fault | None:
        """429 with Retry-After, or None: then the call counts."""
        if method == "chat.postMessage":
            wait = self._after_posts(str(args["channel"]))
        else:
            wait = self._after_calls(method, _A_MINUTE[method]) if method in _A_MINUTE else 0.0
        if wait <= 0.0:
            return None
        self.refused[method] += 1
        return Fault(status=429, retry_after=max(1, math.ceil(wait)))

    def _after_posts(self, channel: str) -> float:
        now, second = time.monotonic(), 1.0 / self._faster
        free_at = max(self._free_at[channel], now)
        wait = free_at - now - (_BURST - 1) * second
        if wait <= 0.0:
            self._free_at[channel] = free_at + second
        return wait

    def _after_calls(self, method: str, most: int) -> float:
        calls, now, minute = self._calls[method], time.monotonic(), 60.0 / self._faster
        while calls and calls[0] <= now - minute:
            calls.popleft()
        if len(calls) < most:
            calls.append(now)
            return 0.0
        return calls[0] + minute - now
