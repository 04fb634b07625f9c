"""Takes text out of a customer's file, somewhere it can do no harm."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from core.domain.attachments import Attachment


class Extractor(Protocol):
    """``extract`` gives Markdown text, possibly empty. Raises ExtractionFailed with a reason for people."""

    async def extract(self, path: Path, *, name: str, media_type: str) -> str: ...


class Transcriber(Protocol):
    """Writes down what is said in a recording. Raises AnswerUnusable where it cannot be, ModelError where it can later."""

    async def transcribe(self, path: Path, ending: str) -> str:
        """``ending``: the usual one of files of this format, by which endpoints tell them."""


class AttachmentStore(Protocol):
    """Keeps files outside the database: a folder or S3-compatible storage."""

    async def put(self, chunks: AsyncIterator[bytes], *, name: str, declared_type: str | None) -> Attachment:
        """Stream to storage, and durable when it returns; type by content.

        Raises TooLarge, InvalidInput (empty, forbidden, or a lying type), NoRoom, Unreachable.
        """

    def open(self, attachment: Attachment) -> AsyncIterator[bytes]:
        """Raises NotFound at the first chunk when the file is gone, Unreachable."""

    async def local_path(self, attachment: Attachment) -> Path:
        """A readable file on this machine, for a quarter of an hour at least. Raises NotFound, Unreachable."""

    async def delete(self, storage_key: str) -> None:
        """Deleting what is already gone is no error: the caller may be repeating itself after a crash. Raises Unreachable."""

    async def ping(self) -> None:
        """Raises Unreachable when files cannot be written now."""
