"""Time as something that is handed in, so that a ten-minute outage can be tested in a millisecond."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """``now`` is timezone-aware UTC; ``monotonic`` in seconds never runs backwards."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...
