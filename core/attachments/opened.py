"""A file that is opened off the event loop and closed whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import BinaryIO


@asynccontextmanager
async def opened(opener: Callable[[], BinaryIO]) -> AsyncIterator[BinaryIO]:
    """What ``opener`` returns, closed at the end, also when the caller is cancelled while a thread is opening it.

    It is closed on the event loop: work that is cancelled while it waits for a free thread is never begun, and the
    file would stay open. Raises what ``opener`` raises.
    """
    opening = asyncio.ensure_future(asyncio.to_thread(opener))
    try:
        file = await asyncio.shield(opening)
    except asyncio.CancelledError:
        opening.add_done_callback(_close)
        raise
    with file:
        yield file


def _close(opening: asyncio.Future[BinaryIO]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
