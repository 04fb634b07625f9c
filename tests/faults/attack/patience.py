"""Waiting for what must come to pass."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_EVERY = 0.25


async def until(is_so: Callable[[], Awaitable[bool]], complaint: str, within: float = 240.0) -> None:
    """Look again and again. Raises AssertionError with ``complaint`` after ``within`` seconds."""
    try:
        async with asyncio.timeout(within):
            while not await is_so():  # noqa: ASYNC110 - what is waited for is in another process
                await asyncio.sleep(_EVERY)
    except TimeoutError:
        raise AssertionError(f"after {within:.0f} s: {complaint}") from None
