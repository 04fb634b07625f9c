"""Standard input and output as streams of the event loop, whatever they are: a terminal, a pipe, a file, nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import IO

from config.processes.local_socket import Streams

LONGEST_TYPED_LINE = 1_023 if sys.platform == "darwin" else 4_095
"""Bytes. A terminal keeps so much of a line that is being typed, and drops the rest without a word: MAX_CANON on macOS,
N_TTY_BUF_SIZE on Linux (termios(3), "Canonical and noncanonical mode")."""

_PIECE = 64 * 1024
_CUT_OFF = (
    f"That line is too long for a terminal, which keeps {LONGEST_TYPED_LINE:,} bytes of it. Nothing of it was sent. "
    "Send shorter lines, or a file: switchboard chat < FILE\n"
)


@asynccontextmanager
async def standard_streams() -> AsyncIterator[Streams]:
    """Everything that was written is out when the block ends.

    Threads copy between them and pipes. The event loop itself must not touch them: it would make them non-blocking, which whoever
    shares them inherits (the shell, after us), on a terminal its reader and writer would take lines from each other, and it
    cannot wait for files and devices at all.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    keys, screen = _input(), _output()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), keys)
    output, copying = screen
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, output)
    try:
        yield reader, asyncio.StreamWriter(transport, protocol, None, loop)
    finally:
        transport.close()
        await asyncio.to_thread(copying.join)


def _input() -> IO[bytes]:
    """The end of a pipe; its thread ends with the process, since nobody waits for the rest of an input that is not read."""
    out, into = os.pipe()
    _start(_typed(_descriptor(sys.stdin, os.O_RDONLY)), into, daemon=True)
    return os.fdopen(out, "rb")


def _output() -> tuple[IO[bytes], threading.Thread]:
    out, into = os.pipe()
    return os.fdopen(into, "wb"), _start(_pieces(out), _descriptor(sys.stdout, os.O_WRONLY), out, daemon=False)


def _descriptor(stream: IO[str] | None, flags: int) -> int:
    """Python has no stream where it was started without one."""
    return os.dup(stream.fileno()) if stream is not None else os.open(os.devnull, flags)


def _typed(source: int) -> Iterator[bytes]:
    """What is read; of a terminal, without the lines that it cut off."""
    terminal = os.isatty(source)
    for piece in _pieces(source):
        if terminal and len(piece) > LONGEST_TYPED_LINE:
            sys.stderr.write(_CUT_OFF)
        else:
            yield piece


def _pieces(source: int) -> Iterator[bytes]:
    """Until the end. A terminal gives one line at a time, and an error when it is gone."""
    with contextlib.suppress(OSError):
        while piece := os.read(source, _PIECE):
            yield piece


def _start(pieces: Iterator[bytes], target: int, *used: int, daemon: bool) -> threading.Thread:
    """A thread that copies; then it closes ``target`` and what it ``used``, so that the other side notices."""

    def copy() -> None:
        try:
            for piece in pieces:
                _write(target, piece)
        except OSError:
            pass  # the conversation, or whoever reads it, ended before its input did
        finally:
            for descriptor in (target, *used):
                os.close(descriptor)

    thread = threading.Thread(target=copy, name="standard streams", daemon=daemon)
    thread.start()
    return thread


def _write(target: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(target, rest) :]
