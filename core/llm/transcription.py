"""What is said in a recording, by OpenAI's transcription or any server that speaks its protocol (POST /audio/transcriptions)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import aiohttp

from core.domain.budget import current_spender, kibibytes
from core.domain.errors import AnswerUnusable, ModelError, RequestRefused
from core.domain.model_use import UseCount
from core.llm.settings import OpenAIChatSettings
from core.llm.spending import ModelSpending, reported_use
from core.ports.clock import Clock

_MOST_BYTES = 25 * 1024 * 1024
"""Of a file, by OpenAI's documentation."""
_MOST_ANSWER = 1024 * 1024
_SECONDS = 18.0
"""For all tries: a little less than a turn waits for its files."""
_PAUSE = 1.0
_REST = 60.0
"""Seconds for which an endpoint that failed is left alone."""
_PASSES = frozenset({401, 402, 403, 407, 408, 409, 425, 429, 500, 502, 503, 504, 529})
_WORTH_A_RETRY = _PASSES - {401, 402, 403, 407}
_TOKENS_PER_KIBIBYTE = 8
"""What recordings count as: a minute of a voice note, 120 KiB of Opus, is about a thousand tokens of sound."""


@dataclass(slots=True, eq=False)
class OpenAITranscriber:
    """Implements core.ports.extractor.Transcriber. A failure that may pass soon is tried once more, a time-out is not.

    ``settings.url``: where files are posted. Which formats are taken is for the endpoint to say: OpenAI's takes FLAC, MP3, MP4,
    M4A, Ogg, WAV and WebM, and what others refuse is refused.
    Tokens are spent by the customer of the turn, by the recording's size. So is their cost, unless the endpoint reports tokens.
    """

    settings: OpenAIChatSettings
    clock: Clock
    spending: ModelSpending
    seconds: float = _SECONDS
    _resting_until: float = field(default=0.0, init=False)

    async def transcribe(self, path: Path, ending: str) -> str:
        size = (await asyncio.to_thread(path.stat)).st_size
        if size > _MOST_BYTES:
            raise RequestRefused("The recording is larger than transcriptions take.")
        spender = current_spender()
        self.spending.require_room(replace(spender, admitted=False))
        if self.clock.monotonic() < self._resting_until:
            raise ModelError("The endpoint of transcriptions failed a moment ago.")
        try:
            async with asyncio.timeout(self.seconds):
                said = await self._ask_twice(path, ending)
        except TimeoutError:
            said = HTTPStatus.GATEWAY_TIMEOUT
        if isinstance(said, int):
            self._raise_for(said)
        tokens, told = kibibytes(size) * _TOKENS_PER_KIBIBYTE, _object(said)
        self.spending.count(spender, self.settings.model, "transcription", _use(told, tokens), tokens)
        if not isinstance(words := told.get("text"), str):
            raise AnswerUnusable("The transcription could not be read.")
        return words

    def _raise_for(self, status: int) -> NoReturn:
        told = f"The endpoint of transcriptions answered {status}."
        if status not in _PASSES:
            raise RequestRefused(told)
        self._resting_until = self.clock.monotonic() + _REST
        raise ModelError(told)

    async def _ask_twice(self, path: Path, ending: str) -> bytes | int:
        status = await self._ask(path, ending)
        if isinstance(status, int) and status in _WORTH_A_RETRY:
            await self.clock.sleep(_PAUSE)
            status = await self._ask(path, ending)
        return status

    async def _ask(self, path: Path, ending: str) -> bytes | int:
        """What it says, or the status of a refusal; 503 where it could not be reached. Raises TimeoutError, OSError."""
        settings = self.settings
        timeout = aiohttp.ClientTimeout(total=None, connect=settings.connect_seconds)
        session = aiohttp.ClientSession(headers=settings.headers, proxy=settings.proxy, timeout=timeout)
        with await asyncio.to_thread(path.open, "rb") as file:
            try:
                form = self._form(file, ending)
                async with session, session.post(settings.url, data=form, allow_redirects=False) as response:
                    if response.status >= HTTPStatus.MULTIPLE_CHOICES:
                        return response.status
                    said = bytearray()
                    while len(said) <= _MOST_ANSWER and (block := await response.content.readany()):
                        said += block
                    return bytes(said)
            except TimeoutError:
                raise
            except aiohttp.ClientError:
                return HTTPStatus.SERVICE_UNAVAILABLE

    def _form(self, file: BinaryIO, ending: str) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("model", self.settings.model)
        form.add_field("response_format", "json")
        form.add_field("file", file, filename=f"recording{ending}", content_type="application/octet-stream")
        return form


def _object(said: bytes) -> Mapping[str, Any]:
    """Empty for all that is no JSON object."""
    with suppress(ValueError, RecursionError):
        told = json.loads(said)
        if isinstance(told, dict):
            return told
    return {}


def _use(told: Mapping[str, Any], estimated: int) -> UseCount:
    """The tokens that the endpoint reported of a transcription, otherwise those that are estimated."""
    with suppress(ValueError, AttributeError, TypeError, OverflowError):
        usage = told.get("usage") or {}
        asked, answered = int(usage.get("input_tokens") or 0), int(usage.get("output_tokens") or 0)
        if asked > 0:
            return reported_use({"prompt_tokens": asked, "completion_tokens": answered})
    return UseCount(estimated_calls=1, input_tokens=estimated)
