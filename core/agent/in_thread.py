"""Analyses long texts in a thread, so that the event loop goes on serving others meanwhile."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from core.ports.store import TurnState

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_SHORT = 800
"""Characters of a turn that are analysed in the event loop itself: a few milliseconds, about what another thread costs."""

_ANALYSIS_THREAD = ThreadPoolExecutor(1, "analysis")
"""One: several would be no faster under Python's lock, and the event loop would wait up to 5 ms for each whenever it wakes."""


async def run_in_thread(
    turn: TurnState, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
) -> _Result:
    """Return the function's result. Calls for long turns run in a thread that all turns share, one after another."""
    if sum(len(message.text) for message in turn.pending) <= _SHORT:
        return function(*args, **kwargs)
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_ANALYSIS_THREAD, call)
