"""The near end of the converter process: starts it when the first document needs it and replaces it when it dies."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pydantic import ValidationError

from core.domain.attachments import human_size
from knowledge.documents import Document, UnreadableDocument
from knowledge.process.frames import BrokenFrame, Frame, encode, read
from knowledge.process.programs import PACKAGES, command
from knowledge.process.wire import document_from

_MOST_BYTES = 32 * 1024**2
"""Of what was read of one document. A library of a thousand pages has three; a file may unfold into any size."""

_PROCESSORS = 4
"""As many as one document may keep busy, of the time that it has."""


class ConverterProcess:
    """Blocking, one document at a time. ``timeout`` is in seconds per document."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def convert(self, path: Path) -> Document:
        """The document in ``path``. Raises UnreadableDocument, also when reading it killed the process or took too long."""
        answer = self._ask({"path": str(path), "work": self._timeout * _PROCESSORS})
        try:
            if "document" in answer:
                return document_from(answer["document"])
            reason = str(answer["unreadable"])
        except (ValidationError, KeyError) as error:
            self._end()
            raise UnreadableDocument("reading it gave what is no document") from error
        raise UnreadableDocument(reason)

    def _ask(self, request: Frame) -> Frame:
        child = self._child or self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        timed_out = threading.Event()
        timer = threading.Timer(self._timeout, _stop, (child, timed_out))
        timer.start()
        try:
            child.stdin.write(encode(request))
            child.stdin.flush()
            answer = read(_binary(child.stdout), _MOST_BYTES)
        except BrokenPipeError:
            answer = None
        except BrokenFrame as error:
            self._end()
            reason = f"it holds more text than {human_size(_MOST_BYTES)}, or broke the converter ({error})"
            raise UnreadableDocument(reason) from error
        finally:
            timer.cancel()
            timer.join()
        if answer is not None:
            if timed_out.is_set():  # at the last moment: the process is gone, and the next document gets another one
                self._end()
            return answer
        self._end()
        if timed_out.is_set():
            raise UnreadableDocument(f"reading it took longer than {self._timeout:g} seconds")
        raise UnreadableDocument("reading it made the converter crash")

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(  # noqa: S603 - a program of ours
            command("knowledge.convert.worker"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PACKAGES,
        )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()
        child.wait()


def _stop(child: subprocess.Popen[bytes], timed_out: threading.Event) -> None:
    timed_out.set()
    child.kill()


def _binary(stream: object) -> BinaryIO:
    return stream  # type: ignore[return-value]
