"""A ChatModel on the openai package: OpenAI, Azure OpenAI, and every server that speaks Chat Completions.

The only module that imports openai; it is loaded when a model is configured, never to accept a message. Chunks stay the JSON
that they are: the library's types for them cost more processor than all the rest of a streamed call.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import openai
from openai import AsyncAzureOpenAI, AsyncOpenAI, AsyncStream

from core.domain.delivery import backoff
from core.domain.errors import ModelError
from core.llm.settings import AnswerFormatChoice, OpenAIChatSettings
from core.llm.wire import Assembly, body
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.clock import Clock

logger = logging.getLogger(__name__)

_WORTH_A_RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FORMAT_REFUSED = frozenset({400, 404, 415, 422, 500, 501})
"""With any of these, endpoints refuse an answer format that they do not have. Only the same request without it tells."""
_NAMES_FORMAT = re.compile(r"response.?format|json.?(?:schema|mode)|structured.?output|response mime", re.IGNORECASE)
_NO_KEY = "not-needed"
_MOST_REFUSALS = 3
"""In a row. A single one may have been provoked by what a customer wrote, and says nothing of the endpoint."""
_MOST_IGNORED = 5
"""Plain answers in a row, after which the format only costs tokens."""


def _client(settings: OpenAIChatSettings) -> AsyncOpenAI:
    timeout = openai.Timeout(settings.first_chunk_seconds, connect=settings.connect_seconds)
    if settings.azure:
        return AsyncAzureOpenAI(
            azure_endpoint=settings.azure.endpoint,
            azure_deployment=settings.azure.deployment,
            api_version=settings.azure.api_version,
            api_key=settings.api_key or _NO_KEY,
            timeout=timeout,
            max_retries=0,
        )
    # A named base URL, never the library's own look into the environment.
    base_url = settings.base_url or "https://api.openai.com/v1"
    return AsyncOpenAI(api_key=settings.api_key or _NO_KEY, base_url=base_url, timeout=timeout, max_retries=0)


def _retry_after(error: openai.APIStatusError) -> float | None:
    for header, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return max(0.0, float(error.response.headers[header]) / divisor)
        except (KeyError, ValueError):
            continue
    return None


def _explain(error: Exception) -> ModelError:
    """What went wrong, for the operator's log: the kind and the status, never the prompt or the key."""
    match error:
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelError(f"The model's endpoint refused the credentials ({error.status_code}).")
        case openai.RateLimitError():
            return ModelError(f"The model's endpoint is over its limit ({error.code or error.status_code}).")
        case openai.APIStatusError():
            return ModelError(f"The model's endpoint answered {error.status_code} ({error.code or 'no code'}).")
        case openai.APITimeoutError() | TimeoutError():
            return ModelError("The model's endpoint stalled.")
        case openai.APIConnectionError():
            return ModelError("The model's endpoint could not be reached, or hung up.")
        case _:
            return ModelError(f"The model's stream could not be read ({type(error).__name__}).")


def _may_refuse_format(request: ChatRequest, error: openai.OpenAIError) -> bool:
    """Whether the same request without its answer format is worth a try, at once."""
    return (
        request.answer_format is not None
        and isinstance(error, openai.APIStatusError)
        and error.status_code in _FORMAT_REFUSED
    )


class _FormatSupport:
    """Learns, for the life of this process, whether the model answers in the format it is asked for.

    ``choice``: auto learns, parts always asks for the format, text never does."""

    def __init__(self, choice: AnswerFormatChoice) -> None:
        self._choice = choice
        self._proven = False
        self._refusals = 0
        self._ignored = 0

    @property
    def wanted(self) -> bool:
        """Whether the next request should ask for the format."""
        learned = self._refusals < _MOST_REFUSALS and self._ignored < _MOST_IGNORED
        return self._choice == "parts" or (self._choice == "auto" and learned)

    def refused(self, *, named: bool) -> None:
        """A request was refused and the same one without the format was accepted. ``named``: the refusal names the format.

        Where the format has worked before, a refusal that does not name it had another cause.
        """
        if self._proven and not named:
            return
        self._refusals += 1
        if self._refusals == _MOST_REFUSALS:
            logger.warning("the model's endpoint refuses structured answers; it is asked for text from now on")

    def answered(self, *, followed: bool) -> None:
        """A request with the format was answered, in JSON or else in text."""
        self._refusals = 0
        self._proven = self._proven or followed
        self._ignored = 0 if followed else self._ignored + 1
        if self._ignored == _MOST_IGNORED:
            logger.info("the model ignores the format of structured answers; it is asked for text from now on")


class OpenAIChat:
    """Streams one completion per call. ``aclose`` gives its connections back."""

    def __init__(self, settings: OpenAIChatSettings, clock: Clock) -> None:
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._client = _client(settings)
        self._format = _FormatSupport(settings.answer_format)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel. Only what happens before the first chunk is retried: after it, the customer may have read text."""
        if request.answer_format is not None and not self._format.wanted:
            request = replace(request, answer_format=None)
        request, stream = await self._open(request)
        assembly = Assembly()
        try:
            async for chunk in self._chunks(stream):
                text = assembly.add(chunk)
                if text:
                    yield TextDelta(text)
            end = assembly.finish()
        except (openai.OpenAIError, TimeoutError, ValueError, AttributeError, TypeError) as error:
            raise _explain(error) from error
        finally:
            await stream.close()
        if request.answer_format is not None and not end.tool_calls:
            self._format.answered(followed=assembly.opening in ("{", "`"))
        yield end

    async def _chunks(self, stream: AsyncStream[Any]) -> AsyncIterator[Any]:
        """The chunks; keep-alive comments do not count as signs of life. Raises TimeoutError after too long a silence."""
        patience = self._settings.first_chunk_seconds
        chunks = aiter(stream)
        while True:
            try:
                async with asyncio.timeout(patience):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                return
            patience = self._settings.idle_seconds
            yield chunk

    async def _open(self, request: ChatRequest) -> tuple[ChatRequest, AsyncStream[Any]]:
        """The stream, and the request that it answers: without the answer format where the endpoint refused that."""
        try:
            return request, await self._create_patiently(request)
        except openai.OpenAIError as error:
            if not _may_refuse_format(request, error):
                raise _explain(error) from error
            refusal = error
        plain = replace(request, answer_format=None)
        try:
            stream = await self._create_patiently(plain)
        except openai.OpenAIError as error:
            raise _explain(error) from error
        self._format.refused(named=bool(_NAMES_FORMAT.search(str(refusal))))
        return plain, stream

    async def _create_patiently(self, request: ChatRequest) -> AsyncStream[Any]:
        deadline = self._clock.monotonic() + self._settings.retry_seconds
        for attempt in range(1, self._settings.max_attempts + 1):
            try:
                return await self._create(request)
            except openai.OpenAIError as error:
                wait = None if _may_refuse_format(request, error) else self._pause(error, attempt)
                if wait is None or attempt == self._settings.max_attempts or self._clock.monotonic() + wait > deadline:
                    raise
                logger.info("model call retried", extra={"model": self.name, "attempt": attempt, "wait": wait})
                await self._clock.sleep(wait)
        raise ModelError("The model was not asked: max_attempts is 0.")

    def _pause(self, error: openai.OpenAIError, attempt: int) -> float | None:
        """Seconds until another try makes sense; None when none does."""
        match error:
            case openai.APIStatusError() if error.status_code in _WORTH_A_RETRY and error.code != "insufficient_quota":
                named = _retry_after(error)
                return named if named is not None else backoff(attempt, self._rng, first=0.5, cap=8.0)
            case openai.APITimeoutError():
                return None
            case openai.APIConnectionError():
                return backoff(attempt, self._rng, first=0.5, cap=8.0)
            case _:
                return None

    async def _create(self, request: ChatRequest) -> AsyncStream[Any]:
        settings = self._settings
        wire = {**body(request, limit_field=settings.limit_field), "model": settings.model}
        return await self._client.post(
            "/chat/completions", cast_to=object, body=wire, stream=True, stream_cls=AsyncStream[object]
        )
