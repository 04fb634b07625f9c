"""Reads documents in confined processes, one for each document, made from a template that has its libraries loaded."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from pydantic import ValidationError

from core.confined.runner import ConfinedRunner
from core.domain.attachments import human_size
from core.domain.errors import CallFailed, CallTookTooLong, CallTookTooMuch, ConfinedError, Resource
from core.ports.confined import CallLimits
from knowledge.convert.kinds import needs_heavy_readers, refuse_without_text
from knowledge.documents import Document, UnreadableDocument
from knowledge.process.wire import document_from

_MOST_BYTES = 32 * 1024**2
"""Of what was read of one document. A library of a thousand pages has three; a file may unfold into any size."""

_PROCESSORS = 4
"""As many as one document may keep busy, of the time that it has."""

_MEMORY_BYTES = 4 * 1024**3

_READERS = ("knowledge.convert.confined",)
_HEAVY_READERS = (*_READERS, "knowledge.convert.office", "knowledge.convert.pdf")


class ConverterProcess:
    """Blocking, one document at a time, in one thread. ``timeout`` is in seconds per document."""

    function = "knowledge.convert.confined:convert"

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        cpu = int(timeout * _PROCESSORS) + 1
        self._limits = CallLimits(timeout, cpu, memory=_MEMORY_BYTES, output_bytes=_MOST_BYTES)
        self._loop = asyncio.Runner()
        self._light = ConfinedRunner(_READERS, patient=True)
        self._heavy = ConfinedRunner(_HEAVY_READERS, patient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._loop:
            self._loop.run(self._close())

    def convert(self, path: Path) -> Document:
        """The document in ``path``. Raises UnreadableDocument, also when reading it killed the process or took too long."""
        refuse_without_text(path)
        try:
            with open(path, "rb", opener=_open) as file:
                answer = json.loads(self._call(path, file))
        except OSError as error:
            raise UnreadableDocument(f"cannot be read: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise UnreadableDocument("reading it gave what is no document") from error
        return _document(answer)

    def _call(self, path: Path, file: BinaryIO) -> bytes:
        runner = self._heavy if needs_heavy_readers(path) else self._light
        name = os.fsencode(path.name).decode("utf-8", "replace").encode()
        try:
            return self._loop.run(runner.call(self.function, name, file=file, limits=self._limits))
        except CallTookTooLong:
            raise UnreadableDocument(f"reading it took longer than {self._timeout:g} seconds") from None
        except CallTookTooMuch as error:
            raise UnreadableDocument(_too_much(error)) from None
        except CallFailed as error:
            raise UnreadableDocument(f"the document is broken: {error.kind}: {error.reason}") from None
        except ConfinedError:
            raise UnreadableDocument("reading it made the converter crash") from None

    async def _close(self) -> None:
        await self._light.close()
        await self._heavy.close()


def _document(answer: Any) -> Document:
    """A child that was taken over may answer anything."""
    try:
        if "document" in answer:
            return document_from(answer["document"])
        reason = str(answer["unreadable"])
    except (ValidationError, KeyError, TypeError) as error:
        raise UnreadableDocument("reading it gave what is no document") from error
    raise UnreadableDocument(reason)


def _too_much(error: CallTookTooMuch) -> str:
    if error.resource is Resource.OUTPUT:
        return f"it holds more text than {human_size(_MOST_BYTES)}"
    return "the document needs more memory than a document may"


def _open(path: str, flags: int) -> int:
    """Never waits: a pipe with a document's name would have no end."""
    return os.open(path, flags | os.O_NONBLOCK)
