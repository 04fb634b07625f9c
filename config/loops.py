"""What a worker does again and again beside its customers, started and stopped together."""

from __future__ import annotations

from typing import Protocol


class Loop(Protocol):
    """``start`` returns at once; ``stop`` when it is over. What is left undone the next start does."""

    def start(self) -> None: ...

    async def stop(self) -> None: ...


def loops_of(*found: Loop | None) -> tuple[Loop, ...]:
    """Those that there are."""
    return tuple(one for one in found if one is not None)
