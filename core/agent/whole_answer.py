"""A model's answer that nobody is shown while it is written, and that is not waited for at any price."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, ClassVar

from core.agent.prompting import system_prompt
from core.domain.errors import AnswerUnusable, ModelError, TokensUsedUp
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest, Finished, TextDelta
from core.ports.clock import Clock

logger = logging.getLogger(__name__)

_ANSWER_TOKENS = 3_000
"""A dozen verdicts are 150 tokens; the rest is for models that think first."""


class SparedModel:
    """For what can be left out. A model that has just failed is left alone for ``rest`` seconds: nobody waits for it each time.

    ``what``: it is asked for, in the log. ``seconds``: how long one answer may take.
    """

    def __init__(self, model: ChatModel, clock: Clock, what: str, *, seconds: float, rest: float = 60.0) -> None:
        self._model = model
        self._clock = clock
        self._what = what
        self._seconds = seconds
        self._rest = rest
        self._resting_until = 0.0

    async def ask(self, request: ChatRequest) -> str | None:
        """The complete answer; None where the model fails, now or a moment ago. Raises nothing."""
        with suppress(ModelError):
            try:
                return await self.answer(request)
            except AnswerUnusable:
                self._resting_until = self._clock.monotonic() + self._rest
        return None

    async def answer(self, request: ChatRequest) -> str:
        """The complete answer. Raises ModelError where the model fails, now or a moment ago, and nothing else.

        What this request provoked (AnswerUnusable), or one customer used up, says nothing of the model: others go on asking it.
        """
        if self._clock.monotonic() < self._resting_until:
            raise ModelError("The model failed a moment ago.")
        try:
            async with asyncio.timeout(self._seconds):
                return await whole_answer(self._model, request)
        except TokensUsedUp:
            raise
        except ModelError as error:
            logger.warning("%s failed: %s", self._what, error.detail)
            if isinstance(error, AnswerUnusable):
                raise
        except TimeoutError:
            logger.warning("%s out of time", self._what, extra={"seconds": self._seconds})
        except Exception:
            logger.exception("%s failed", self._what)
        self._resting_until = self._clock.monotonic() + self._rest
        raise ModelError("The model failed.")


class ModelCheck:
    """Puts a question to a model as JSON, and reads the JSON object it answers with.

    ``seconds``: see SparedModel; the customer waits for the answer.

    ``new_id`` names what is asked about as no text that is read can know it, so that none can hold an answer that fits.
    """

    prompt: ClassVar[str]

    def __init__(
        self,
        model: ChatModel,
        clock: Clock,
        *,
        seconds: float = 6.0,
        new_id: Callable[[], str] = lambda: secrets.token_hex(3),
    ) -> None:
        self._model = SparedModel(model, clock, f"check by {self.prompt}.txt", seconds=seconds)
        self._new_id = new_id

    async def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON, so that no text can end where it does not. Empty where the model fails."""
        shown = ChatMessage("user", json.dumps(question, ensure_ascii=False, separators=(",", ":")))
        request = ChatRequest((system_prompt("", self.prompt), shown), max_tokens=_ANSWER_TOKENS)
        return read_object(await self._model.ask(request) or "")


def read_object(answer: str) -> dict[str, Any]:
    """The JSON object of an answer, in a code fence or between sentences; empty where there is none."""
    try:
        found: Any = json.loads(answer[answer.find("{") : answer.rfind("}") + 1])
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


async def whole_answer(model: ChatModel, request: ChatRequest) -> str:
    """The complete answer. Raises ModelError for one that was cut off: half a message says something else."""
    said, end = await read_stream(model, request)
    if end.reason != "stop" or not said.strip():
        raise AnswerUnusable("The model's answer has no proper end.")
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
