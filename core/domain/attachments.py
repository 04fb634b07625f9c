"""Files that travel with messages. Their bytes live outside the database; these values describe them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


def human_size(size: int) -> str:
    """For sentences, in the unit in which limits are set: 1 MB is 1,048,576 bytes, as MAX_ATTACHMENT_BYTES counts them."""
    for unit, name in ((1024**2, "MB"), (1024, "kB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size} bytes"


class ExtractionStatus(StrEnum):
    """Whether the text of a file can be used in an answer."""

    PENDING = "pending"
    READY = "ready"
    EMPTY = "empty"
    FAILED = "failed"


class Refusal(StrEnum):
    """Why the hub did not take a file: the codes of the errors that say so (core.domain.errors)."""

    PROGRAM = "file_program"
    SVG = "file_svg"
    EMPTY = "empty_file"
    TOO_LARGE = "too_large"
    MISMATCH = "file_mismatch"
    KIND = "file_type"


@dataclass(frozen=True, slots=True)
class AttachmentRef:
    """A file on the provider's side: enough for ``Channel.fetch`` to get it, nothing more."""

    id: str
    name: str
    media_type: str | None = None
    size: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file. ``size`` in bytes; ``media_type`` comes from the content, never from the sender's claim.

    Without ``storage_key`` it is not there: ``error`` says why, and ``refused`` where the hub itself did not take it.
    """

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    storage_key: str
    extraction: ExtractionStatus = ExtractionStatus.PENDING
    text: str | None = None
    error: str | None = None
    refused: Refusal | None = None

    def stored(self) -> dict[str, Any]:
        """The fields that locate the stored file, for JSON; ``Attachment(**stored)`` reads them."""
        names = ("id", "name", "media_type", "size", "sha256", "storage_key")
        return {name: getattr(self, name) for name in names}

    @property
    def is_missing(self) -> bool:
        """It was refused, or did not arrive."""
        return not self.storage_key

    @property
    def is_recording(self) -> bool:
        """Stored sound or film. Its ``text`` is what is said in it, where that could be written down."""
        return not self.is_missing and self.media_type.startswith(("audio/", "video/"))
