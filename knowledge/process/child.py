"""The near end of the knowledge process: starts it, starts it again when it dies, and carries requests to it.

Nothing here blocks the event loop, and nothing heavy is imported in this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from core.domain.errors import KnowledgeUnavailable
from core.end_tasks import end_tasks
from knowledge.process.frames import LENGTH, BrokenFrame, Frame, body_length, decode, encode
from knowledge.process.programs import PACKAGES, command
from knowledge.process.wire import settings_frame
from knowledge.settings import KnowledgeSettings

_log = logging.getLogger("switchboard.knowledge")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 30.0
_LAST_WORDS = 1.0
"""Seconds. A program that the process began may hold its standard error open."""
_PIECE = 64 * 1024
_SILENCES_BEFORE_RESTART = 3
_EARLY_ENDS_TO_FAIL = 3


class State(StrEnum):
    """Where the process stands. ``FAILED``: the last start did not succeed; it is tried again after a pause."""

    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(slots=True)
class _Call:
    answer: asyncio.Future[Any]
    progress: Callable[[Frame], None] | None = None


@dataclass(slots=True)
class ChildStatus:
    """What the process last said of itself."""

    state: State = State.STOPPED
    detail: str = ""
    model: str = ""
    documents: int = 0
    passages: int = 0
    measured: bool = True
    """Whether the threshold was measured for what is in the index."""
    starts: int = 0
    pid: int | None = None

    def heard(self, state: Frame) -> None:
        """What the process says of its index."""
        self.documents, self.passages, self.measured = state["documents"], state["passages"], state["measured"]


class ProcessDied(KnowledgeUnavailable):
    """The process ended before it answered; whatever was asked may be asked again."""


@dataclass(slots=True)
class KnowledgeProcess:
    """Use from one event loop. ``start`` returns at once; ``call`` waits until the process is ready."""

    settings: KnowledgeSettings
    status: ChildStatus = field(default_factory=ChildStatus)
    _calls: dict[int, _Call] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Ready, or failed for now."""
    _decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Ready, or failed for good."""
    _process: asyncio.subprocess.Process | None = None
    _supervisor: asyncio.Task[None] | None = None
    _silences: int = 0
    _final: bool = False
    """The last start failed for a reason that only other settings can mend."""

    def start(self) -> None:
        """Begins to load; nothing waits for it."""
        if self._supervisor is None:
            self.status.state = State.LOADING
            self._supervisor = asyncio.create_task(self._supervise(), name="knowledge process")

    async def close(self) -> None:
        """Ends the process; calls that still wait get KnowledgeUnavailable."""
        supervisor, self._supervisor = self._supervisor, None
        await end_tasks(supervisor)
        self.status.state = State.STOPPED

    async def wait_ready(self, timeout: float, *, patient: bool = False) -> None:
        """Returns when requests are answered. Raises KnowledgeUnavailable after ``timeout`` seconds.

        Also when the last start failed; a patient caller goes on waiting, unless only other settings can help.
        """
        if self._supervisor is None:
            raise KnowledgeUnavailable("the knowledge base is not open")
        try:
            async with asyncio.timeout(timeout):
                await (self._decided if patient else self._settled).wait()
        except TimeoutError:
            pass
        if not self._ready.is_set():
            raise KnowledgeUnavailable(self._why_not())

    async def call(self, request: Frame, timeout: float | None, progress: Callable[[Frame], None] | None = None) -> Any:
        """Sends a request and waits for its answer. Raises ProcessDied, or KnowledgeUnavailable for errors and time-outs."""
        process = self._process
        if not self._ready.is_set() or process is None or process.stdin is None:
            raise KnowledgeUnavailable(self._why_not())
        number = next(self._ids)
        call = self._calls[number] = _Call(asyncio.get_running_loop().create_future(), progress)
        try:
            async with asyncio.timeout(timeout):
                process.stdin.write(encode({"id": number, "within": timeout, **request}))
                answer = await call.answer
        except TimeoutError:
            if request["op"] == "search":  # other work may take long while questions are answered
                self._count_silence(process)
            raise KnowledgeUnavailable(f"no answer from the knowledge base within {timeout:.1f} s") from None
        finally:
            self._calls.pop(number, None)
        return answer

    def _why_not(self) -> str:
        if self.status.state is State.FAILED:
            return f"the knowledge base cannot be opened: {self.status.detail}"
        return "the knowledge base is still loading"

    def _count_silence(self, process: asyncio.subprocess.Process) -> None:
        """A process that answers nobody for long, not even late, is stuck: it is replaced."""
        self._silences += 1
        if self._silences >= _SILENCES_BEFORE_RESTART:
            self._silences = 0
            _log.error("the knowledge process does not answer; replacing it")
            _kill(process)

    async def _supervise(self) -> None:
        pause = _FIRST_PAUSE
        early_ends = 0
        while not self._final:
            was_ready = False
            try:
                was_ready = await self._one_life()
            except (OSError, BrokenFrame) as error:
                self._fail(str(error))
            early_ends = 0 if was_ready else early_ends + 1
            if early_ends >= _EARLY_ENDS_TO_FAIL and self.status.state is State.LOADING:
                self._fail("its process ends again and again while it loads")
            pause = _FIRST_PAUSE if was_ready else min(pause * 2, _LONGEST_PAUSE)
            await asyncio.sleep(pause)

    def _fail(self, detail: str) -> None:
        """Whoever waits is told; the next start, if there is one, goes on in silence until it succeeds."""
        if self.status.detail != detail:
            _log.error("the knowledge base cannot be opened: %s", detail)
        self.status.state, self.status.detail = State.FAILED, detail
        self._settled.set()

    async def _one_life(self) -> bool:
        """From the start of a process to its end; tells whether it was ever ready."""
        process = self._process = await asyncio.create_subprocess_exec(
            *command("knowledge.process.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.settings.environment,
            cwd=PACKAGES,
        )
        complaints = asyncio.create_task(_log_complaints(process.stderr), name="knowledge complaints")
        self.status.starts += 1
        self.status.pid = process.pid
        assert process.stdin is not None
        try:
            process.stdin.write(encode({"settings": settings_frame(self.settings)}))
            await self._listen(process)
        finally:
            was_ready = self._ready.is_set()
            self._ready.clear()
            if was_ready:
                self._settled.clear()
                self._decided.clear()
                self.status.state = State.LOADING
            self.status.pid = None
            self._fail_calls()
            await self._end(process)
            await asyncio.wait({complaints}, timeout=_LAST_WORDS)
            complaints.cancel()
        if was_ready:
            _log.error("the knowledge process ended with status %s; starting it again", process.returncode)
        return was_ready

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                head = await process.stdout.readexactly(LENGTH.size)
                frame = decode(await process.stdout.readexactly(body_length(head)))
            except asyncio.IncompleteReadError:
                return
            if "trace" in frame:
                _log.error("in the knowledge process: %s", frame["trace"])
            if "event" in frame:
                self._on_event(frame)
            else:
                self._on_answer(frame)

    def _on_event(self, frame: Frame) -> None:
        if frame["event"] == "epoch":
            self.status.heard(frame)
            return
        if frame["event"] != "ready":
            self._final = bool(frame.get("final"))
            self._fail(frame["detail"])
            if self._final:
                self._decided.set()
            return
        self.status.state, self.status.detail = State.READY, ""
        self.status.model = frame["model"]
        self.status.heard(frame)
        for event in (self._ready, self._settled, self._decided):
            event.set()

    def _on_answer(self, frame: Frame) -> None:
        if "progress" not in frame:
            self._silences = 0
        call = self._calls.get(frame["id"])
        if call is None or call.answer.done():
            return
        if "progress" in frame:
            self._tell(call, frame["progress"])
        elif "error" in frame:
            call.answer.set_exception(KnowledgeUnavailable(frame["error"]))
        else:
            call.answer.set_result(frame["result"])

    def _tell(self, call: _Call, progress: Frame) -> None:
        """Whoever shows progress may fail at it; the answer comes all the same, and others get theirs."""
        if call.progress is None:
            return
        try:
            call.progress(progress)
        except Exception:
            call.progress = None
            _log.exception("progress cannot be told any more")

    def _fail_calls(self) -> None:
        for call in self._calls.values():
            if not call.answer.done():
                call.answer.set_exception(ProcessDied("the knowledge process ended before it answered"))

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """Closes the pipe, on which the process leaves by itself; one that does not is killed."""
        self._process = None
        if process.stdin is not None:
            process.stdin.close()
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.settings.stop_timeout):
                    await process.wait()
        finally:
            if process.returncode is None:
                _kill(process)
                await process.wait()


async def _log_complaints(stream: asyncio.StreamReader | None) -> None:
    """What the process and its libraries write to the standard error: into the log, which hides secrets."""
    while stream is not None and (piece := await stream.read(_PIECE)):
        _log.warning("the knowledge process says: %s", piece.decode("utf-8", "replace").strip())


def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
