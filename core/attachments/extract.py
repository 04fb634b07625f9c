"""Takes the text out of a file in a confined process of its own: a file that makes a library spin takes only that down."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from core.attachments.archive import ExtractionLimits
from core.attachments.convert import READABLE
from core.attachments.opened import opened
from core.domain.errors import CallDied, ConfinedError, ExtractionFailed
from core.ports.confined import ConfinedCalls

_READ = "core.attachments.reading:read_text"
_CUT = "The file goes on: only its first {chars} characters were read."
_NONSENSE = "The file could not be read; the program that reads it answered nonsense."


class ConfinedExtractor:
    """The child gets no environment and an open file, never a path."""

    def __init__(self, calls: ConfinedCalls, limits: ExtractionLimits | None = None) -> None:
        self._calls = calls
        self._limits = limits or ExtractionLimits()

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
        job = json.dumps({"media_type": media_type, "limits": asdict(self._limits)}).encode()
        async with opened(lambda: path.open("rb")) as file:
            try:
                answer = await self._ask(job, file)
            except ConfinedError as error:
                raise ExtractionFailed(error.detail) from None
        text, truncated = _parts_of(answer)
        if truncated:
            return f"{text}\n\n[{_CUT.format(chars=self._limits.output_chars)}]"
        return text

    async def _ask(self, job: bytes, file: BinaryIO) -> bytes:
        """Call the child, a second time when it died: another file may have been the reason. Raises ConfinedError, OSError."""
        try:
            return await self._calls.call(_READ, job, file=file)
        except CallDied:
            os.lseek(file.fileno(), 0, os.SEEK_SET)  # the child had the same open file
            return await self._calls.call(_READ, job, file=file)


def _parts_of(answer: bytes) -> tuple[str, bool]:
    """A child that was taken over may answer anything."""
    try:
        found = json.loads(answer)
        text, truncated = str(found["text"]), bool(found["truncated"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise ExtractionFailed(_NONSENSE) from None
    return text.encode("utf-8", "replace").decode().replace("\x00", "").strip(), truncated
