"""A model's answer that nobody is shown while it is written, and that is not waited for at any price."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.domain.errors import ModelError, TokensUsedUp
from core.ports.chat_model import ChatModel, ChatRequest, Finished, TextDelta
from core.ports.clock import Clock

logger = logging.getLogger(__name__)


class SparedModel:
    """For what can be left out. A model that has just failed is left alone for ``rest`` seconds: nobody waits for it each time.

    ``what``: it is asked for, in the log. ``seconds``: how long one answer may take.
    """

    def __init__(self, model: ChatModel, clock: Clock, what: str, *, seconds: float, rest: float) -> None:
        self._model = model
        self._clock = clock
        self._what = what
        self._seconds = seconds
        self._rest = rest
        self._resting_until = 0.0

    async def ask(self, request: ChatRequest) -> str | None:
        """The complete answer; None where the model fails, now or a moment ago. Raises nothing."""
        if self._clock.monotonic() < self._resting_until:
            return None
        try:
            async with asyncio.timeout(self._seconds):
                return await whole_answer(self._model, request)
        except TokensUsedUp:
            return None  # one customer's budget says nothing of the model: others go on asking it
        except ModelError as error:
            logger.warning("%s failed: %s", self._what, error.detail)
        except TimeoutError:
            logger.warning("%s out of time", self._what, extra={"seconds": self._seconds})
        except Exception:
            logger.exception("%s failed", self._what)
        self._resting_until = self._clock.monotonic() + self._rest
        return None


async def whole_answer(model: ChatModel, request: ChatRequest) -> str:
    """The complete answer. Raises ModelError for one that was cut off: half a message says something else."""
    said, end = await read_stream(model, request)
    if end.reason != "stop" or not said.strip():
        raise ModelError("The model's answer has no proper end.")
    return said.strip()


async def read_stream(
    model: ChatModel, request: ChatRequest, feed: Callable[[str], Awaitable[None]] | None = None
) -> tuple[str, Finished]:
    """What the model said, and the end of its stream. ``feed`` takes each piece as it comes. Raises ModelError."""
    pieces: list[str] = []
    end: Finished | None = None
    stream = model.stream(request)
    try:
        async for item in stream:
            match item:
                case TextDelta(text=text):
                    pieces.append(text)
                    if feed is not None:
                        await feed(text)
                case Finished():
                    end = item
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    if end is None:
        raise ModelError("The model's stream ended without its end.")
    return "".join(pieces), end
