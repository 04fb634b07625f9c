"""Takes the text out of a file in a confined process of its own: a file that makes a library spin takes only that down."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from core.attachments.convert import READABLE
from core.attachments.opened import opened
from core.domain.errors import CallDied, ConfinedError, ExtractionFailed
from core.ports.confined import CallLimits, ConfinedCalls

_READ = "core.attachments.convert:read_text"
_SHRINK = "core.attachments.pictures:shrink"
LIMITS = CallLimits(wall_seconds=60.0, cpu_seconds=30)
_MUTE = frozenset(("image/heic", "image/svg+xml"))
"""Pictures that nothing here can open."""


class ConfinedExtractor:
    """The child gets no environment and an open file, never a path.

    ``languages``: of text in pictures, as Tesseract names them.
    """

    def __init__(self, calls: ConfinedCalls, languages: Sequence[str] = ("eng",)) -> None:
        self._calls = calls
        self._languages = tuple(languages)

    async def extract(self, path: Path, *, name: str, media_type: str) -> str:
        """Markdown, empty where there is no text (sound, most photos), with a note where it was cut. Raises ExtractionFailed."""
        if media_type in _MUTE or media_type.startswith(("audio/", "video/")):
            return ""
        if media_type not in READABLE:
            raise ExtractionFailed(
                f"No text can be read from “{name}”: files of this kind have none that is known here."
            )
        answer = await self._call(_READ, " ".join((media_type, *self._languages)).encode(), path)
        # A child that was taken over may answer any bytes.
        return answer.decode("utf-8", "replace").replace("\x00", "").strip()

    async def shrink(self, path: Path) -> bytes:
        """A picture as a small JPEG without what its file says beside. Raises ExtractionFailed."""
        return await self._call(_SHRINK, b"", path)

    async def _call(self, function: str, payload: bytes, path: Path) -> bytes:
        """Raises ExtractionFailed, OSError."""
        async with opened(lambda: path.open("rb")) as file:
            try:
                return await self._call_twice(function, payload, file)
            except ConfinedError as error:
                raise ExtractionFailed(error.detail) from None

    async def _call_twice(self, function: str, payload: bytes, file: BinaryIO) -> bytes:
        """Call the child, a second time when it died: another file may have been the reason. Raises ConfinedError, OSError."""
        try:
            return await self._calls.call(function, payload, file=file, limits=LIMITS)
        except CallDied:
            os.lseek(file.fileno(), 0, os.SEEK_SET)  # the child had the same open file
            return await self._calls.call(function, payload, file=file, limits=LIMITS)
