"""Takes the text out of a file in a child process of its own: a file that makes a library spin takes only the child down."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from core.attachments.convert import READABLE
from core.attachments.limits import ExtractionLimits
from core.attachments.opened import for_reading, opened
from core.domain.errors import ExtractionFailed

_ROOT = str(Path(__file__).resolve().parents[2])
_START = "import sys; sys.path.append(sys.argv[1]); from core.attachments.child import main; main(sys.argv[2])"
_HEADER_ROOM = 4096
_CUT = "The file goes on: only its first {chars} characters were read."

_log = logging.getLogger(__name__)


class ChildExtractor:
    """``concurrency`` files at once; the others wait. The child gets no environment and an open file, never a path."""

    def __init__(self, limits: ExtractionLimits | None = None, *, concurrency: int = 2) -> None:
        self._limits = limits or ExtractionLimits()
        self._slots = asyncio.Semaphore(concurrency)
        self._isolation: str | None = None

    async def extract(self, path: Path, *, name: str, media_type: str) -> str:
        """Markdown, empty where there is no text (pictures, scans), with a note where it was cut. Raises ExtractionFailed."""
        if media_type.startswith("image/"):
            return ""
        if media_type not in READABLE:
            raise ExtractionFailed(
                f"No text can be read from “{name}”: files of this kind have none that is known here."
            )
        async with self._slots:
            return await self._in_child(path, media_type)

    async def _in_child(self, path: Path, media_type: str) -> str:
        job = json.dumps({"media_type": media_type, "limits": self._limits.as_job()})
        async with opened(for_reading(path)) as file:
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, _ROOT, job),
                stdin=file,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={},
                cwd="/",
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(self._limits.wall_seconds):
                output = await self._read(child)
                code = await child.wait()
        except TimeoutError:
            raise ExtractionFailed("Reading the file took too long.") from None
        finally:
            await _end(child)
        header, text = _parts_of(output, code)
        self._note_isolation(str(header.get("isolation")))
        if "failed" in header:
            raise ExtractionFailed(str(header["failed"]))
        if header.get("truncated"):
            return f"{text}\n\n[{_CUT.format(chars=self._limits.output_chars)}]"
        return text

    def _note_isolation(self, isolation: str) -> None:
        """Once: an operator should know what stands between a customer's file and the network."""
        if isolation == self._isolation:
            return
        self._isolation = isolation
        if isolation == "namespace":
            _log.info("files are read without a network", extra={"isolation": isolation})
        else:
            _log.warning(
                "files are read with Python's audit hook alone between them and the network: the kernel gives this "
                "process no network namespace; deny it outgoing traffic that it does not need",
                extra={"isolation": isolation},
            )

    async def _read(self, child: asyncio.subprocess.Process) -> bytes:
        """At most what the child was told to write; a child that writes more is no longer ours."""
        assert child.stdout is not None
        limit, parts, size = self._limits.output_chars * 4 + _HEADER_ROOM, [], 0
        while chunk := await child.stdout.read(64 * 1024):
            parts.append(chunk)
            size += len(chunk)
            if size > limit:
                raise ExtractionFailed("Reading the file gave more text than is allowed.")
        return b"".join(parts)


async def _end(child: asyncio.subprocess.Process) -> None:
    """The whole process group, so that nothing which the child may have started outlives it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    await child.wait()


def _parts_of(output: bytes, code: int) -> tuple[dict[str, Any], str]:
    head, newline, text = output.partition(b"\n")
    if not newline:
        if code == -signal.SIGXCPU or code == -signal.SIGKILL:
            raise ExtractionFailed("Reading the file took too much processor time.")
        raise ExtractionFailed("The file could not be read; the program that reads it stopped.")
    try:
        header = dict(json.loads(head))
    except (ValueError, TypeError):
        raise ExtractionFailed("The file could not be read; the program that reads it answered nonsense.") from None
    return header, text.decode("utf-8", "replace").replace("\x00", "").strip()
