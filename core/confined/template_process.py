"""Starts the template process, orders children from it, and learns how each child ended."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from core.confined.places import ROOT
from core.confined.wire import CALL, KILL, LENGTH, ORDER, BrokenFrame, Frame, body_length, decode

_START = "import sys; sys.path.append(sys.argv[1]); from core.confined.template import main; main(sys.argv[2])"
_END_SECONDS = 10.0

_log = logging.getLogger("switchboard.confined")


@dataclass(frozen=True, slots=True)
class Child:
    """``pipe`` carries the call and its answer. ``ended`` gets the exit status, negative for a signal."""

    pipe: socket.socket
    ended: asyncio.Future[int]

    async def end(self) -> int:
        """The exit status; SIGKILL's for a child that goes on, which leaving `TemplateProcess.child` then kills."""
        try:
            async with asyncio.timeout(_END_SECONDS):
                return await asyncio.shield(self.ended)
        except TimeoutError:
            return -signal.SIGKILL


class TemplateProcess:
    """``alive`` until its end is noticed. Its children have ended by then."""

    def __init__(self, process: asyncio.subprocess.Process, control: socket.socket) -> None:
        self.alive = True
        self._process = process
        self._control = control
        self._numbers = itertools.count(1)
        self._ended: dict[int, asyncio.Future[int]] = {}
        self._listening = asyncio.create_task(self._listen(), name="confined template")

    @classmethod
    async def start(cls, job: str) -> TemplateProcess:
        """Start it without an environment; ``job``: see ``template.main``. Returns before its imports are done.

        Raises OSError.
        """
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            try:
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-I", "-B", "-X", "utf8", "-c", _START, str(ROOT), job),
                    stdin=theirs.fileno(),
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                    env={},
                    cwd="/",
                    start_new_session=True,
                )
            except BaseException:
                ours.close()
                raise
        return cls(process, ours)

    @asynccontextmanager
    async def child(self, file: BinaryIO | None) -> AsyncIterator[Child]:
        """Make a confined child that holds ``file``, and end it with the block. Raises OSError when the template has ended."""
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours:
            with theirs:
                files = [theirs.fileno(), *([] if file is None else [file.fileno()])]
                try:
                    socket.send_fds(self._control, [ORDER.pack(CALL, number)], files)
                except OSError:  # the template has ended; the next call gets a new one
                    self.kill()
                    raise
            self._ended[number] = asyncio.get_running_loop().create_future()
            child = Child(ours, self._ended[number])
            try:
                yield child
            finally:
                await self._end(number, child)

    async def _end(self, number: int, child: Child) -> None:
        if not child.ended.done():
            try:
                self._control.send(ORDER.pack(KILL, number))
            except OSError:  # the template has ended
                self.kill()
            await child.end()
        del self._ended[number]

    def kill(self) -> None:
        """Kill it. The kernel ends its children too (Linux); elsewhere they end with their pipes."""
        self.alive = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def close(self) -> None:
        """Kill it and wait for its end."""
        self.kill()
        await self._process.wait()
        await self._listening

    async def _listen(self) -> None:
        try:
            while True:
                frame = await receive_frame(self._control)
                if "ended" in frame:
                    self._settle(frame["ended"], frame["status"])
                elif frame.get("missing"):
                    _log.warning("confined processes begin without some of their imports: %s", frame["missing"])
        except (BrokenFrame, OSError):
            self.kill()
        finally:
            self.alive = False
            self._control.close()
            for number in self._ended:
                self._settle(number, -signal.SIGKILL)

    def _settle(self, number: int, status: int) -> None:
        future = self._ended.get(number)
        if future is not None and not future.done():
            future.set_result(status)


async def receive_frame(pipe: socket.socket) -> Frame:
    """Raises BrokenFrame, OSError."""
    return decode(await receive(pipe, body_length(await receive(pipe, LENGTH.size))))


async def receive(pipe: socket.socket, size: int) -> bytes:
    """Exactly so many bytes. Raises BrokenFrame when the other side ends before, OSError."""
    loop, content = asyncio.get_running_loop(), bytearray()
    while len(content) < size:
        chunk = await loop.sock_recv(pipe, min(size - len(content), 1 << 18))
        if not chunk:
            raise BrokenFrame("cut off")
        content += chunk
    return bytes(content)
