"""What is said in a recording, by OpenAI's transcription or any server that speaks its protocol (POST /audio/transcriptions)."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

import aiohttp

from core.domain.errors import ModelError
from core.llm.settings import OpenAIChatSettings
from core.ports.clock import Clock

_MOST_BYTES = 25 * 1024 * 1024
"""Of a file, by OpenAI's documentation."""
_MOST_ANSWER = 1024 * 1024
_SECONDS = 60.0
"""For one try. Whoever waits for the words waits less; what comes later is kept for the next answer."""
_PAUSE = 1.0
_WORTH_A_RETRY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})


class OpenAITranscriber:
    """Implements core.ports.extractor.Transcriber. A failure that may pass is tried once more.

    ``settings.url``: where files are posted. Which formats are taken is for the endpoint to say: OpenAI's takes FLAC, MP3, MP4,
    M4A, Ogg, WAV and WebM, and what others refuse is refused.
    """

    def __init__(self, settings: OpenAIChatSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock

    async def transcribe(self, path: Path, ending: str) -> str:
        if (await asyncio.to_thread(path.stat)).st_size > _MOST_BYTES:
            raise ModelError("The recording is larger than transcriptions take.")
        status = await self._ask(path, ending)
        if isinstance(status, int) and status in _WORTH_A_RETRY:
            await self._clock.sleep(_PAUSE)
            status = await self._ask(path, ending)
        if isinstance(status, int):
            raise ModelError(f"The endpoint of transcriptions answered {status}.")
        return status

    async def _ask(self, path: Path, ending: str) -> str | int:
        """The words, or the status of a refusal; 503 where the endpoint could not be reached. Raises ModelError, OSError."""
        settings = self.settings
        timeout = aiohttp.ClientTimeout(total=_SECONDS, connect=settings.connect_seconds)
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
            except (aiohttp.ClientError, TimeoutError):
                return HTTPStatus.SERVICE_UNAVAILABLE
        with suppress(ValueError, AttributeError, RecursionError):
            words = json.loads(said).get("text")
            if isinstance(words, str):
                return words
        raise ModelError("The transcription could not be read.")

    def _form(self, file: BinaryIO, ending: str) -> aiohttp.FormData:
        form = aiohttp.FormData()
        form.add_field("model", self.settings.model)
        form.add_field("response_format", "json")
        form.add_field("file", file, filename=f"recording{ending}", content_type="application/octet-stream")
        return form
