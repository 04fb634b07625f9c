"""Takes the text out of a file in a confined process of its own: a file that makes a library spin takes only that down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from core.attachments.convert import READABLE
from core.attachments.opened import opened
from core.domain.errors import CallDied, ConfinedError, ExtractionFailed
from core.ports.confined import ConfinedCalls

_READ = "core.attachments.reading:read_text"


class ConfinedExtractor:
    """The child gets no environment and an open file, never a path."""

    def __init__(self, calls: ConfinedCalls) -> None:
        self._calls = calls

    async def extract(self, path: Path, *, name: str, media_type: str) -> str:
        """Markdown, empty where there is no text (pictures, scans, sound), with a note where it was cut.

        Raises ExtractionFailed.
        """
        if media_type.startswith(("image/", "audio/", "video/")):
            return ""
        if media_type not in READABLE:
            raise ExtractionFailed(
                f"No text can be read from “{name}”: files of this kind have none that is known here."
            )
        async with opened(lambda: path.open("rb")) as file:
            try:
                answer = await self._ask(media_type.encode(), file)
            except ConfinedError as error:
                raise ExtractionFailed(error.detail) from None
        # A child that was taken over may answer any bytes.
        return answer.decode("utf-8", "replace").replace("\x00", "").strip()

    async def _ask(self, media_type: bytes, file: BinaryIO) -> bytes:
        """Call the child, a second time when it died: another file may have been the reason. Raises ConfinedError, OSError."""
        try:
            return await self._calls.call(_READ, media_type, file=file)
        except CallDied:
            os.lseek(file.fileno(), 0, os.SEEK_SET)  # the child had the same open file
            return await self._calls.call(_READ, media_type, file=file)
