"""Analyses long texts in a thread, so that the event loop goes on serving others meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.ports.store import TurnState

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_SHORT = 800
"""Characters of a turn that are analysed in the event loop itself: a few milliseconds, about what starting a thread costs."""


async def run_in_thread(
    turn: TurnState, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
) -> _Result:
    """Call the function and return its result; run it in a thread when the turn's text is long."""
    if sum(len(message.text) for message in turn.pending) <= _SHORT:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
