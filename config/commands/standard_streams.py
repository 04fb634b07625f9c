"""Standard input and output as streams of the event loop, whatever they are: a terminal, a pipe, a file, nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO, Any

from config.processes.local_socket import Streams


@asynccontextmanager
async def standard_streams() -> AsyncIterator[Streams]:
    """Everything that was written is out when the block ends.

    Files and devices cannot be waited for (epoll refuses them, and uvloop then aborts the process), so a thread copies
    between them and a pipe.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), _waitable_input())
    output, copying = _waitable_output()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, output)
    try:
        yield reader, asyncio.StreamWriter(transport, protocol, None, loop)
    finally:
        if copying is not None:
            transport.close()
            await asyncio.to_thread(copying.join)


def _can_be_waited_for(stream: IO[Any]) -> bool:
    mode = os.fstat(stream.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stream.isatty()


def _waitable_input() -> IO[Any]:
    if _can_be_waited_for(sys.stdin):
        return sys.stdin
    out, into = os.pipe()
    _copying(sys.stdin.buffer, os.fdopen(into, "wb"), daemon=True)
    return os.fdopen(out, "rb")


def _waitable_output() -> tuple[IO[Any], threading.Thread | None]:
    if _can_be_waited_for(sys.stdout):
        return sys.stdout, None
    out, into = os.pipe()
    target = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    return os.fdopen(into, "wb"), _copying(os.fdopen(out, "rb", buffering=0), target, daemon=False)


def _copying(source: IO[bytes], target: IO[bytes], *, daemon: bool) -> threading.Thread:
    """``daemon``: nobody waits for the rest of an input that is not read any more."""

    def copy() -> None:
        try:
            with source, target:
                shutil.copyfileobj(source, target)
        except BrokenPipeError:
            return  # the conversation ended before its input did

    thread = threading.Thread(target=copy, name="standard streams", daemon=daemon)
    thread.start()
    return thread
