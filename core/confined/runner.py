"""Runs functions that read foreign bytes in confined processes: one for each call, made from a template process."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import socket
from collections.abc import Sequence
from dataclasses import asdict
from typing import BinaryIO, NoReturn

from core.confined.measures import ALL, Measure
from core.confined.template_process import TemplateProcess, receive, receive_frame
from core.confined.wire import BrokenFrame, Frame, encode
from core.domain.errors import CallDied, CallFailed, CallTookTooLong, CallTookTooMuch, Resource
from core.ports.confined import DEFAULT, CallLimits

_log = logging.getLogger("switchboard.confined")

_CONCURRENCY = 4
_MOST_REASON = 500
"""Characters. People read the reason, and an attacker in the child may choose it."""


class ConfinedRunner:
    """Implements core.ports.confined.ConfinedCalls. Use it from one event loop. Four calls run at once; the others wait.

    ``preload``: modules that calls need, imported once. The template process starts with the first call, is replaced when it
    dies, and ends after ``idle_seconds`` without a call. ``patient`` calls run at a lower priority than the hub. A child must
    be there within ``start_seconds``; the first one waits for the template's imports, on a machine that may be busy.
    """

    def __init__(
        self,
        preload: Sequence[str] = (),
        *,
        start_seconds: float = 300.0,
        idle_seconds: float = 600.0,
        patient: bool = False,
        measures: frozenset[Measure] = ALL,
    ) -> None:
        job = {"preload": list(preload), "patient": patient, "measures": sorted(measures)}
        self._job = json.dumps(job)
        self._slots = asyncio.Semaphore(_CONCURRENCY)
        self._start_seconds = start_seconds
        self._idle_seconds = idle_seconds
        self._template: TemplateProcess | None = None
        self._starting = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._calls = 0
        self.isolation: frozenset[Measure] | None = None
        """What was in force in the last child; None before there was one."""

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        if len(payload) > limits.memory:
            raise _too_much(Resource.MEMORY)
        async with self._slots:
            self._calls += 1
            try:
                return await self._call(await self._ready(), function, payload, file, limits)
            finally:
                self._calls -= 1
                self._end_when_idle()

    async def close(self) -> None:
        """End the template process and all of its children."""
        if self._idle is not None:
            self._idle.cancel()
        template, self._template = self._template, None
        if template is not None:
            await template.close()

    async def _ready(self) -> TemplateProcess:
        async with self._starting:
            if self._template is not None and not self._template.alive:
                await self.close()
            if self._template is None:
                self._template = await TemplateProcess.start(self._job)
            return self._template

    def _end_when_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_seconds, self._end_idle)

    def _end_idle(self) -> None:
        if not self._calls and self._template is not None:
            self._template.kill()

    async def _call(
        self, template: TemplateProcess, function: str, payload: bytes, file: BinaryIO | None, limits: CallLimits
    ) -> bytes:
        async with template.child(file) as child:
            try:
                await self._started(child.pipe)
                head = {"function": function, "size": len(payload), "limits": asdict(limits)}
                async with asyncio.timeout(limits.wall_seconds):
                    return await _ask(child.pipe, head, payload, limits)
            except TimeoutError:
                raise CallTookTooLong("Reading it took too long.") from None
            except (BrokenFrame, OSError):
                _raise_for(await child.end())

    async def _started(self, pipe: socket.socket) -> None:
        """Wait for the child. Raises CallDied when it takes too long, for which the file is not to blame."""
        try:
            async with asyncio.timeout(self._start_seconds):
                self._note(await receive_frame(pipe))
        except TimeoutError:
            raise CallDied("It could not be read; the program that reads it did not start.") from None

    def _note(self, frame: Frame) -> None:
        """Log the measures in force, once."""
        found = frozenset(map(Measure, frame["isolation"]))
        if found == self.isolation:
            return
        self.isolation = found
        names = ", ".join(sorted(found)) or "nothing"
        if found & {Measure.LANDLOCK, Measure.UID} and Measure.SECCOMP in found:
            _log.info("foreign data is read behind %s", names)
        else:
            _log.warning("foreign data is read behind %s alone; `switchboard doctor` says what that means", names)


async def _ask(pipe: socket.socket, head: Frame, payload: bytes, limits: CallLimits) -> bytes:
    """Raises BrokenFrame or OSError when the child ended before it answered."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(pipe, encode(head))
    if payload:  # without one, the child may have answered and ended by now
        await loop.sock_sendall(pipe, payload)
    said = await receive_frame(pipe)
    if "failed" in said:
        detail, kind, reason = (str(said.get(name))[:_MOST_REASON] for name in ("failed", "kind", "reason"))
        raise CallFailed(detail, kind=kind, reason=reason)
    if "too_much" in said:
        raise _too_much(Resource.MEMORY if said["too_much"] == Resource.MEMORY else Resource.OUTPUT)
    size = said.get("size")
    if not isinstance(size, int) or not 0 <= size <= limits.output_bytes:  # an attacker in the child may say anything
        raise _too_much(Resource.OUTPUT)
    return await receive(pipe, size)


def _too_much(resource: Resource) -> CallTookTooMuch:
    if resource is Resource.MEMORY:
        return CallTookTooMuch("Reading it took too much memory.", resource=resource)
    return CallTookTooMuch("Reading it gave more than is allowed.", resource=resource)


def _raise_for(status: int) -> NoReturn:
    if status == -signal.SIGXCPU:
        raise CallTookTooLong("Reading it took too much processor time.")
    raise CallDied("It could not be read; the program that reads it stopped.")
