"""Waiting for what other tasks do, without guessing how long it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.patience import PATIENCE


async def eventually(holds: Callable[[], bool | Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
    """Returns as soon as ``holds`` does. Fails the test when it does not within ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                result = holds()
                if result if isinstance(result, bool) else await result:
                    return
                await asyncio.sleep(0.002)
    except TimeoutError:
        raise AssertionError(f"did not come true within {seconds} s") from None
