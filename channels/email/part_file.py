"""A file that came inside an e-mail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

LONGEST_NAME: Final = 150
_CHUNK: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class PartFile:
    """``media_type`` is the sender's claim."""

    name: str
    media_type: str
    data: bytes = field(repr=False)


class OpenedFile:
    """An AttachmentStream over a file that is in memory already."""

    def __init__(self, file: PartFile, name: str) -> None:
        self.name = name
        self.media_type: str | None = file.media_type
        self._data = file.data

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces."""
        for start in range(0, len(self._data), _CHUNK):
            yield self._data[start : start + _CHUNK]

    async def aclose(self) -> None:
        """Nothing is held open."""
