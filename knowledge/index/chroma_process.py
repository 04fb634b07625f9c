"""Vectors in Chroma, which a process of its own has open while it is needed, for an index run and when an epoch is loaded.

Chroma and its libraries hold 40 MB; questions never use it.
"""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.index.client import Chroma, ChromaFailed, Matrix
from knowledge.process.frames import Frame, encode, read
from knowledge.process.programs import PACKAGES, command

_UNUSED_SECONDS = 30.0


class ChromaProcess:
    """The calls of Chroma, in another process. Blocking; safe from several threads, one call at a time."""

    def __init__(self, directory: Path, url: str | None) -> None:
        """Raises ConfigError for an address that is none."""
        self.directory = Chroma(directory, url).directory
        self._order = {"directory": str(directory), "url": url}
        self._child: subprocess.Popen[bytes] | None = None
        self._used = 0.0
        self._one_call = threading.Lock()

    def names(self) -> list[str]:
        return list(self._call("names"))

    def make(self, collection: str, configuration: Mapping[str, Any]) -> None:
        self._call("make", collection=collection, configuration=configuration)

    def remove(self, collection: str) -> None:
        self._call("remove", collection=collection)

    def count(self, collection: str) -> int:
        return int(self._call("count", collection=collection))

    def put(self, collection: str, ids: Sequence[str], vectors: Matrix) -> None:
        packed = b64encode(np.ascontiguousarray(vectors, np.float32).tobytes()).decode()
        self._call("put", collection=collection, ids=ids, vectors=packed)

    def present(self, collection: str, ids: Sequence[str]) -> list[str]:
        return list(self._call("present", collection=collection, ids=ids))

    def get(self, collection: str, ids: Sequence[str]) -> tuple[list[str], Matrix]:
        found, vectors = self._call("get", collection=collection, ids=ids)
        return found, np.frombuffer(b64decode(vectors), np.float32).reshape(max(1, len(found)), -1)[: len(found)]

    def close(self) -> None:
        """Ends the process; the next call starts another one."""
        with self._one_call:
            self._end()

    def _call(self, method: str, **given: Any) -> Any:
        with self._one_call:
            answer = self._asked({"call": method, "with": given})
            self._used = time.monotonic()
        if "error" in answer:
            raise ChromaFailed(answer["error"], answer["detail"])
        return answer["result"]

    def _asked(self, request: Frame) -> Frame:
        child = self._running()
        assert child.stdin is not None
        assert child.stdout is not None
        answer = None
        with contextlib.suppress(OSError):
            child.stdin.write(encode(request))
            child.stdin.flush()
            answer = read(child.stdout)  # type: ignore[arg-type]
        if answer is None:
            self._end()
            raise ChromaFailed("", f"Chroma's process ended with status {child.returncode}")
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(  # noqa: S603 - a program of ours
                command("knowledge.index.chroma_worker"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=PACKAGES
            )
            assert self._child.stdin is not None
            self._child.stdin.write(encode(self._order))
            self._used = time.monotonic()
            threading.Thread(target=self._end_unused, args=(self._child,), name="chroma", daemon=True).start()
        return self._child

    def _end_unused(self, child: subprocess.Popen[bytes]) -> None:
        while self._child is child:
            time.sleep(1.0)
            with self._one_call:
                if self._child is child and time.monotonic() - self._used > _UNUSED_SECONDS:
                    self._end()

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()  # what it wrote is safe at any moment
            child.communicate()


AnyChroma = Chroma | ChromaProcess
