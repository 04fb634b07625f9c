"""Work on long texts beside the event loop: linear, but long enough for others to notice that nobody answers them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from core.ports.store import TurnState

_P = ParamSpec("_P")
_Result = TypeVar("_Result")
_SHORT = 800
"""Characters of a turn that are looked through at once: in a few milliseconds, as a thread would cost its start."""


async def beside(turn: TurnState, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs) -> _Result:
    """What the function makes of the turn's text: in a thread where the text is long, else at once."""
    if sum(len(message.text) for message in turn.pending) <= _SHORT:
        return function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)
