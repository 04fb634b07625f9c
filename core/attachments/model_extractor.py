"""Reads with models what text is not taken out of otherwise: what a picture shows, and what is said in a recording."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from core.agent.prompting import system_prompt
from core.agent.whole_answer import SparedModel
from core.attachments.extract import ConfinedExtractor
from core.attachments.formats import SUFFIXES
from core.domain.errors import AnswerUnusable, ExtractionFailed, ModelError, RequestRefused
from core.ports.chat_model import ChatMessage, ChatModel, ChatRequest
from core.ports.clock import Clock
from core.ports.extractor import Transcriber

_log = logging.getLogger(__name__)

_BLIND_SECONDS = 600.0
"""How long a model is asked for no picture after it refused one and had never read any: it may see none."""
_ALIKE = {"video/quicktime": ".mp4", "video/3gpp": ".mp4", "audio/3gpp": ".mp4"}
"""Relatives of MP4, which is read likewise: endpoints go by the ending."""
_TOKENS = 4_000
_MOST = 20_000
"""Characters of what a model may write of one file."""


@dataclass(slots=True, eq=False)
class ModelExtractor:
    """Implements core.ports.extractor.Extractor. ``inner`` reads the rest, and pictures that the model could not read.

    Models get a small copy of the picture, which a confined process made. After ``picture_seconds`` the text in it is recognised
    without a model, while the customer still waits. A failure that may pass leaves the file for a later turn: ModelError.
    """

    inner: ConfinedExtractor
    clock: Clock
    company: str
    make_seer: Callable[[], ChatModel] | None
    transcriber: Transcriber | None
    picture_seconds: float = 15.0
    _seer: SparedModel | None = field(default=None, init=False)
    _sees: bool = field(default=False, init=False)
    _blind_until: float = field(default=0.0, init=False)

    async def extract(self, path: Path, *, name: str, media_type: str) -> str:
        if self.transcriber is not None and media_type.startswith(("audio/", "video/")):
            return await self._listen(self.transcriber, path, media_type)
        if self.make_seer is not None and media_type.startswith("image/"):
            self._seer = self._seer or SparedModel(
                self.make_seer(), self.clock, "reading of a picture", seconds=self.picture_seconds
            )
            try:
                if seen := await self._look(self._seer, path):
                    return seen
            except ModelError:
                if text := await self.inner.extract(path, name=name, media_type=media_type):
                    return text
                raise
        return await self.inner.extract(path, name=name, media_type=media_type)

    async def _listen(self, transcriber: Transcriber, path: Path, media_type: str) -> str:
        """What is said in it. Raises ExtractionFailed, OSError, ModelError where it may be later."""
        try:
            said = await transcriber.transcribe(path, _ALIKE.get(media_type, SUFFIXES[media_type][0]))
        except AnswerUnusable as error:
            _log.warning("recording not transcribed: %s", error.detail)
            raise ExtractionFailed("What is said in it could not be written down.") from error
        return _cleaned(said)

    async def _look(self, seer: SparedModel, path: Path) -> str:
        """What the picture shows; empty where that cannot be told. Raises OSError, ModelError where it may be later."""
        if not self._sees and self.clock.monotonic() < self._blind_until:
            return ""
        try:
            picture = await self.inner.shrink(path)
        except ExtractionFailed:  # it is broken, and whoever reads it next says so
            return ""
        shown = ChatMessage("user", "The picture:", pictures=(picture,))
        request = ChatRequest((system_prompt(self.company, "picture"), shown), max_tokens=_TOKENS)
        try:
            said = await seer.answer(request)
        except AnswerUnusable as error:
            if isinstance(error, RequestRefused):
                self._blind_until = self.clock.monotonic() + _BLIND_SECONDS
            return ""
        self._sees = True
        return _cleaned(said)


def _cleaned(said: str) -> str:
    return said[:_MOST].replace("\x00", "").strip()
