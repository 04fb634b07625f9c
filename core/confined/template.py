"""The process whose copies serve confined calls, and what such a copy does.

The template has imported what calls need, and never reads a foreign byte itself.

Starting Python and importing what reads documents takes seconds, a copy of a process takes milliseconds. ``fork`` is sound here
because this process has one thread.
"""

from __future__ import annotations

import gc
import importlib
import itertools
import json
import os
import select
import signal
import socket
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NoReturn, cast

from core.confined.measures import Measure
from core.confined.places import readable
from core.confined.sandbox import TemplateState, close_off, confine, limit_call
from core.confined.wire import CALL, KILL, ORDER, BrokenFrame, Frame, encode, read_exactly, read_frame, write_all
from core.domain.errors import HubError
from core.ports.confined import CallLimits

_PATIENT = 10
_BROKEN = "It could not be read; it may be damaged."
_MOST_REASON = 300
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Libraries of linear algebra start threads when they are imported; a copy of the process would not have them."""


class Template:
    """Serves orders on ``control`` until the other end is closed, then kills every child."""

    def __init__(self, control: socket.socket, measures: frozenset[Measure]) -> None:
        self._control = control
        self._measures = measures
        self._children: dict[int, tuple[int, int]] = {}
        """Process and call, by the reading end of a pipe that the child holds open; it needs no signal handler."""

    def serve(self, preload: Sequence[str]) -> None:
        """Imports ``preload``, then makes a child for each call."""
        size, places = _open_size(), tuple(readable())
        inherited = close_off(places, self._measures)
        missing = _import(preload)
        gc.freeze()  # the collector touches no page of these objects, so children share them
        self._state = TemplateState(os.getpid(), inherited, self._measures, places, _libraries(size))
        self._control.sendall(encode({"ready": True, "missing": missing}))
        with suppress(OSError):  # the other end is gone
            self._answer()
        for process, _ in self._children.values():
            _kill(process)

    def _answer(self) -> None:
        control = self._control.fileno()
        while True:
            ready, _, _ = select.select([control, *self._children], [], [])
            for end in self._children.keys() & set(ready):
                self._reap(end)
            if control in ready and not self._take_order():
                return

    def _take_order(self) -> bool:
        order, files, _, _ = socket.recv_fds(self._control, ORDER.size, 2)
        if len(order) < ORDER.size:
            return False
        what, number = ORDER.unpack(order)
        if what == CALL:
            self._begin(number, files)
        elif what == KILL:
            for process, call in self._children.values():
                if call == number:
                    _kill(process)
        return True

    def _begin(self, number: int, files: list[int]) -> None:
        end, held = os.pipe()
        process = os.fork()
        if process == 0:
            self._control.detach()
            _close_all_but({0, 1, 2, held, *files})
            _serve_call(self._state, *files)
        self._children[end] = process, number
        for descriptor in (held, *files):
            os.close(descriptor)

    def _reap(self, end: int) -> None:
        """Kill a child that closed its pipe and goes on; one that has ended keeps its exit status."""
        process, number = self._children.pop(end)
        os.close(end)
        _kill(process)
        _, status = os.waitpid(process, 0)
        self._control.sendall(encode({"ended": number, "status": os.waitstatus_to_exitcode(status)}))


def main(job: str) -> None:
    """``job`` is JSON: ``preload``, ``patient`` (children run at a lower priority) and ``measures``, those to try.

    The control socket is standard input.
    """
    wanted = json.loads(job)
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # what libraries print goes nowhere
        os.dup2(nothing, descriptor)
    _close_all_but({0, 1, 2, control.fileno()})  # `nothing`, and what the starter's event loop left open
    warnings.simplefilter("ignore")
    if wanted["patient"]:
        os.nice(_PATIENT)
    Template(control, frozenset(map(Measure, wanted["measures"]))).serve(wanted["preload"])


def _import(names: Sequence[str]) -> dict[str, str]:
    """Import the modules. Returns those that failed, each with the reason; a call that needs one fails by itself."""
    missing: dict[str, str] = {}
    for name in _ONE_THREAD:
        os.putenv(name, "1")
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:
            missing[name] = f"{type(error).__name__}: {error}"[:300]
    for name in _ONE_THREAD:
        os.unsetenv(name)
    return missing


def _close_all_but(kept: set[int]) -> None:
    """Close every other descriptor: libraries open files, and an event loop may pass its own to a process that it starts."""
    places = [-1, *sorted(kept), os.sysconf("SC_OPEN_MAX")]
    for before, after in itertools.pairwise(places):
        if before + 1 < after:  # an empty range would be taken for one without an end
            os.closerange(before + 1, after)


def _open_size() -> int | None:
    """Open the file that tells this process's size, while files can be opened."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY)  # proc_pid_statm(5); Linux only
    except OSError:
        return None


def _libraries(size: int | None) -> int:
    """Bytes of address space in use; 0 on systems that neither tell nor limit it (macOS)."""
    if size is None:
        return 0
    pages = int(os.read(size, 64).split()[0])
    os.close(size)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _kill(process: int) -> None:
    """Kill the process, and its group where the kernel let the child start others."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(process, signal.SIGKILL)


def _serve_call(template: TemplateState, pipe: int, file: int | None = None) -> NoReturn:
    """In a process of its own: give up rights, read the payload, answer, and end."""
    status = 1
    try:
        os.setsid()
        in_force = confine(template)
        write_all(pipe, encode({"isolation": sorted(in_force)}))
        _answer(template, pipe, file)
        status = 0
    except (BrokenFrame, OSError):  # the hub waits for no answer any more
        pass
    finally:
        os._exit(status)


def _answer(template: TemplateState, pipe: int, file: int | None) -> None:
    head = read_frame(pipe)
    limits = CallLimits(**head["limits"])
    limit_call(limits, template.libraries)
    answer = b""
    try:
        payload = read_exactly(pipe, head["size"])
        answer = _call(head["function"], payload, file)
        said: Frame = {"size": len(answer)} if len(answer) <= limits.output_bytes else {"too_much": "output"}
    except BaseException as error:  # a library may raise anything, up to RecursionError and MemoryError
        said = _failure(error)
    write_all(pipe, encode(said))
    if "size" in said:
        write_all(pipe, answer)


def _call(name: str, payload: bytes, file: int | None) -> bytes:
    module, _, function = name.partition(":")
    found = cast("Callable[..., bytes]", getattr(importlib.import_module(module), function))
    if file is None:
        return found(payload)
    with os.fdopen(file, "rb") as opened:
        return found(payload, opened)


def _failure(error: BaseException) -> dict[str, Any]:
    if isinstance(error, MemoryError):
        return {"too_much": "memory"}
    detail = error.detail if isinstance(error, HubError) else _BROKEN
    return {"failed": detail, "kind": type(error).__name__, "reason": ascii(str(error))[:_MOST_REASON]}
