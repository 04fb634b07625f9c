"""An MCP server as a child process: a scrubbed environment, bounded lines, and it ends when the hub does.

The package's own transport for this gathers a line without bounds, and leaves the child running when the hub is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

LARGEST_MESSAGE = 256 * 1024
"""Bytes. While one is parsed nothing else runs, and hostile ones of 4 MB take seconds."""
_GRACE_SECONDS = 2.0
_LEASH = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
if os.getppid() == int(sys.argv[1]):
    os.execvp(sys.argv[2], sys.argv[2:])
"""
"""PR_SET_PDEATHSIG (prctl(2)): the kernel kills the child when its parent dies, and the setting outlives execve."""

Streams = tuple[MemoryObjectReceiveStream[SessionMessage | Exception], MemoryObjectSendStream[SessionMessage]]


@contextlib.asynccontextmanager
async def child(command: Sequence[str], env: Mapping[str, str], ended: Callable[[], None]) -> AsyncIterator[Streams]:
    """Speaks with the command's standard input and output, one JSON message a line. ``ended``: called once it says no more."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-c",
        _LEASH,
        str(os.getpid()),
        *command,
        env={**get_default_environment(), **env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        limit=LARGEST_MESSAGE,
    )
    came_in, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    write, goes_out = anyio.create_memory_object_stream[SessionMessage](0)
    tasks = [asyncio.create_task(_read(process, came_in, ended)), asyncio.create_task(_write(process, goes_out))]
    try:
        yield read, write
    finally:
        with anyio.CancelScope(shield=True):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stream in (came_in, read, write, goes_out):
                stream.close()
            await _end(process)


async def _read(
    process: asyncio.subprocess.Process,
    came_in: MemoryObjectSendStream[SessionMessage | Exception],
    ended: Callable[[], None],
) -> None:
    """Until the first line that is too long or no message (ValueError): it costs as much as it is let say."""
    assert process.stdout is not None, "it has a pipe"
    try:
        async with came_in:
            while line := await process.stdout.readline():
                await came_in.send(SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False)))
    except (ValueError, OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
        return
    finally:
        ended()


async def _write(process: asyncio.subprocess.Process, goes_out: MemoryObjectReceiveStream[SessionMessage]) -> None:
    assert process.stdin is not None, "it has a pipe"
    async with goes_out:
        with contextlib.suppress(OSError):
            async for one in goes_out:
                process.stdin.write(one.message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n")
                await process.stdin.drain()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, as the protocol asks for, and kill what is left of it then."""
    assert process.stdin is not None, "it has a pipe"
    process.stdin.close()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process._transport.close()  # type: ignore[attr-defined]  # unread output would keep it open; nothing public closes it
    await process.wait()
