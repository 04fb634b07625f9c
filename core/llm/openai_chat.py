"""A ChatModel over HTTP: OpenAI, Azure OpenAI, and every server that speaks Chat Completions.

It is loaded when a model is configured, never to accept a message. It speaks the protocol itself: with the openai package a
streamed answer cost more processor than all the rest of the turn.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp

from core.domain.delivery import backoff
from core.domain.errors import AnswerUnusable, ModelError, RequestRefused
from core.llm.option_support import OptionSupport, may_refuse_format, refused_option, without_option
from core.llm.settings import OpenAIChatSettings
from core.llm.wire import Assembly, EventReader, body, error_code
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.clock import Clock

logger = logging.getLogger(__name__)

_WORTH_A_RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_TAKES_NO_SUCH = frozenset({400, 404, 405, 413, 415, 422})
_WITHHOLDS = frozenset({"content_filter", "content_policy_violation"})
_IDLE_CONNECTION_SECONDS = 5.0
_DRAIN_SECONDS = 0.1
_GATHER_SECONDS = 0.02
"""What follows sooner than this is gathered for so long; a model that writes slower is read at once."""
_MAX_ERROR_BODY = 64 * 1024
"""Bytes that are read of an error's body."""


class _Refused(Exception):
    """The endpoint answered with an error. ``said``: the body; ``code``: what it calls the error, where it does."""

    def __init__(self, status: int, headers: Mapping[str, str], said: str) -> None:
        super().__init__(status)
        self.status, self.headers, self.said, self.code = status, headers, said, error_code(said)


_FAILURES = (_Refused, aiohttp.ClientError, TimeoutError)


async def _let_gather(response: aiohttp.ClientResponse) -> None:
    """Leave what comes next in the socket for a moment: chunks that come fast are read and handled together."""
    connection = response.connection
    if connection is None or (transport := connection.transport) is None:
        return  # the answer is here to its end
    transport.pause_reading()
    await asyncio.sleep(_GATHER_SECONDS)
    transport.resume_reading()


def _retry_after(refusal: _Refused) -> float | None:
    for header, divisor in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            return max(0.0, float(refusal.headers[header]) / divisor)
    return None


def _explain(error: Exception) -> ModelError:
    """What went wrong, for the operator's log: the kind and the status, never the prompt or the key."""
    match error:
        case _Refused(status=401 | 403):
            return ModelError(f"The model's endpoint refused the credentials ({error.status}).")
        case _Refused(status=301 | 302 | 303 | 307 | 308):
            return ModelError("The model's endpoint is at another address: set the one to which this leads.")
        case _Refused(status=429):
            return ModelError(f"The model's endpoint is over its limit ({error.code or error.status}).")
        case _Refused():
            kind = RequestRefused if error.status in _TAKES_NO_SUCH else ModelError
            kind = AnswerUnusable if error.code in _WITHHOLDS else kind
            return kind(f"The model's endpoint answered {error.status} ({error.code or 'no code'}).")
        case TimeoutError():
            return ModelError("The model's endpoint stalled.")
        case aiohttp.ClientError():
            return ModelError("The model's endpoint could not be reached, or hung up.")
        case _:
            return ModelError(f"The model's stream could not be read ({type(error).__name__}).")


class OpenAIChat:
    """Streams one completion per call. ``aclose`` gives its connections back."""

    def __init__(self, settings: OpenAIChatSettings, clock: Clock) -> None:
        self.name = settings.name or settings.model
        self._settings = settings
        self._clock = clock
        self._rng = random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_CONNECTION_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=settings.headers,
            proxy=settings.proxy,
            timeout=aiohttp.ClientTimeout(connect=settings.connect_seconds),
        )
        self._options = OptionSupport(settings.answer_format)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        """See ChatModel. Only what happens before the first chunk is retried: after it, the customer may have read text."""
        request = self._options.without_refused(request)
        try:
            request, response = await self._open(request)
        except (*_FAILURES, ValueError) as error:
            raise _explain(error) from error
        assembly = Assembly()
        try:
            async for chunks in self._chunks(response):
                if text := "".join(map(assembly.add, chunks)):
                    yield TextDelta(text)
            end = assembly.finish()
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError, TypeError, RecursionError) as error:
            raise _explain(error) from error
        finally:
            response.close()
        if request.answer_format is not None and not end.tool_calls:
            self._options.answered(followed=assembly.opening in ("{", "`"))
        yield end

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncIterator[list[Any]]:
        """The chunks of each read; keep-alive comments are no signs of life. Raises TimeoutError after too long a silence."""
        now = asyncio.get_running_loop().time
        until = now() + self._settings.first_chunk_seconds
        events = EventReader()
        while True:
            began = now()
            async with asyncio.timeout_at(until):
                block = await response.content.readany()
            read = now()
            if chunks := events.feed(block) if block else events.finish():
                yield chunks
                until = now() + self._settings.idle_seconds
            if events.ended or not block:
                break
            if read - began < _GATHER_SECONDS:
                await _let_gather(response)
        # Only a connection whose answer was read to its end can be used again.
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while await response.content.readany():
                    pass

    async def _open(self, request: ChatRequest) -> tuple[ChatRequest, aiohttp.ClientResponse]:
        """The answer, and the request that it answers: without the format or the options that the endpoint refused.

        What was left out last made the difference. Of the rest, only what a refusal named is held against it.
        """
        left_out: list[tuple[str, bool]] = []
        while True:
            try:
                response = await self._ask_patiently(request)
            except _Refused as refusal:
                if (refused := refused_option(request, refusal.status, refusal.said)) is None:
                    raise
                left_out.append(refused)
                request = without_option(request, refused[0])
                continue
            for option, named in left_out:
                if named or option == left_out[-1][0]:
                    self._options.refused(option, named=named)
            self._options.accepted(request)
            return request, response

    async def _ask_patiently(self, request: ChatRequest) -> aiohttp.ClientResponse:
        deadline = self._clock.monotonic() + self._settings.retry_seconds
        for attempt in range(1, self._settings.max_attempts + 1):
            try:
                return await self._ask(request)
            except _FAILURES as error:
                leaves_out = isinstance(error, _Refused) and may_refuse_format(request, error.status)
                wait = None if leaves_out else self._pause(error, attempt)
                if wait is None or attempt == self._settings.max_attempts or self._clock.monotonic() + wait > deadline:
                    raise
                logger.info("model call retried", extra={"model": self.name, "attempt": attempt, "wait": wait})
                await self._clock.sleep(wait)
        raise ModelError("The model was not asked: max_attempts is 0.")

    def _pause(self, error: Exception, attempt: int) -> float | None:
        """Seconds until another try makes sense; None when none does."""
        match error:
            case _Refused() if error.status in _WORTH_A_RETRY and error.code != "insufficient_quota":
                named = _retry_after(error)
                return named if named is not None else backoff(attempt, self._rng, first=0.5, cap=8.0)
            case _Refused() | TimeoutError():
                return None
            case _:
                return backoff(attempt, self._rng, first=0.5, cap=8.0)

    async def _ask(self, request: ChatRequest) -> aiohttp.ClientResponse:
        """Raises _Refused for an error, and for a redirect: the key is for this address alone."""
        settings = self._settings
        wire = {**body(request, limit_field=settings.limit_field), "model": settings.model}
        said = bytearray()
        async with asyncio.timeout(settings.first_chunk_seconds):
            response = await self._session.post(settings.url, json=wire, allow_redirects=False)
            if response.status < HTTPStatus.MULTIPLE_CHOICES:
                return response
            async with response:
                with suppress(aiohttp.ClientError):  # the status says enough
                    while len(said) < _MAX_ERROR_BODY and (block := await response.content.readany()):
                        said += block
        raise _Refused(response.status, response.headers, said.decode(errors="replace"))
