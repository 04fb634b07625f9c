"""A child's two ends of the pipe. Whatever a library prints goes to the error output and never between frames."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import BinaryIO

from knowledge.process.frames import Frame, encode, read


class Pipe:
    """Frames from and to the parent process. Make it before anything else is imported that might print."""

    def __init__(self) -> None:
        self._in: BinaryIO = os.fdopen(os.dup(0), "rb", buffering=65536)
        self._out: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.stdout.flush()
        os.dup2(2, 1)
        self._writing = threading.Lock()
        self._next: Callable[[], Frame | None] = lambda: read(self._in)
        sys.dont_write_bytecode = False  # compiling the libraries behind the model anew takes longer than loading it
        for name in ("SIGINT", "SIGTERM"):
            signal.signal(getattr(signal, name), signal.SIG_IGN)

    def watch(self) -> None:
        """From now on a parent that is gone ends this process, whatever it is doing."""
        frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()

        def look() -> None:
            while (frame := read(self._in)) is not None:
                frames.put(frame)
            leave(1)

        self._next = frames.get
        threading.Thread(target=look, name="pipe", daemon=True).start()

    def receive(self) -> Frame | None:
        """The next frame; None once the parent is gone."""
        return self._next()

    def send(self, frame: Frame) -> None:
        """Writes a frame; safe from several threads. A parent that is gone ends this process."""
        data = memoryview(encode(frame))
        with self._writing:
            try:
                while data:
                    data = data[self._out.write(data) or 0 :]
            except OSError:
                leave()


def leave(status: int = 0) -> None:
    """Ends this process at once, whatever its threads are doing. What it wrote is safe at any moment."""
    os._exit(status)
