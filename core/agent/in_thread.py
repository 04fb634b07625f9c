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
"""Characters of a turn that are analysed in the event loop itself: a few milliseconds, about what starting a thread costs."""

_ANALYSES = ThreadPoolExecutor(1, "analysis")
"""One thread: several would be no faster under Python's lock, and the event loop would wait 5 ms for each whenever it wakes."""


async def run_in_thread(
    turn: TurnState, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
) -> _Result:
    """Call the function and return its result; when the turn's text is long, in a thread, one call after another."""
    if sum(len(message.text) for message in turn.pending) <= _SHORT:
        return function(*args, **kwargs)
    call = functools.partial(contextvars.copy_context().run, function, *args, **kwargs)
    return await asyncio.get_running_loop().run_in_executor(_ANALYSES, call)
