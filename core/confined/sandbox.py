"""Gives up, for good, every right that reading foreign bytes does not need, before any of them is read.

There are two steps, since the template process must start children: the template process calls ``close_off``, and its children
inherit that; each child then calls ``confine``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.confined import kernel, landlock, seccomp
from core.confined.measures import Measure
from core.ports.confined import CallLimits

_NOBODY = 65534
_OPEN_FILES = 64
_NETWORK = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo")
_PROGRAMS = (
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
    "os.kill",
    "os.killpg",
)
_FILES = ("open", "os.listdir", "os.scandir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


@dataclass(frozen=True, slots=True)
class TemplateState:
    """The template process as its children see it. ``inherited``: the measures in force there; ``measures``: those to try.

    ``places``: the folders and files that may be read. ``libraries``: bytes of address space in use.
    """

    pid: int
    inherited: frozenset[Measure]
    measures: frozenset[Measure]
    places: tuple[Path, ...]
    libraries: int


class Forbidden(PermissionError):
    """A function tried to reach a file, the network or another process."""


def close_off(places: Sequence[Path], measures: frozenset[Measure]) -> frozenset[Measure]:
    """Give up the network and every file outside ``places``. Call it while there is one thread. Returns the measures in force."""
    _limit({"RLIMIT_CORE": 0, "RLIMIT_NOFILE": _OPEN_FILES, "RLIMIT_FSIZE": 0})
    found: set[Measure] = set()
    if sys.platform != "linux":
        return frozenset()
    if Measure.NETWORK_NAMESPACE in measures and _leave_the_network():
        found.add(Measure.NETWORK_NAMESPACE)
    if Measure.LANDLOCK in measures and landlock.restrict_to_reading(places):
        found.add(Measure.LANDLOCK)
        kernel.drop_capabilities()  # elsewhere they are needed to become another user, and go with that
    _end_with_parent()
    return frozenset(found)


def confine(template: TemplateState) -> frozenset[Measure]:
    """Give up the rest, in a child of the process that called ``close_off``. Returns every measure in force."""
    found, measures = set(template.inherited), template.measures
    if sys.platform == "linux":
        if Measure.UID in measures and Measure.LANDLOCK not in found and _become_nobody():
            found.add(Measure.UID)
        _end_with_parent()
        if os.getppid() != template.pid:
            os._exit(1)
        if Measure.SECCOMP in measures and seccomp.restrict_calls():
            found.add(Measure.SECCOMP)
    if Measure.AUDIT_HOOK in measures:
        sys.addaudithook(_refusing(template.places))
        found.add(Measure.AUDIT_HOOK)
    return frozenset(found)


def limit_call(limits: CallLimits, libraries: int) -> None:
    """Limit memory and processor time. ``libraries``: bytes of address space in use. The kernel ends a process past its time."""
    _limit({"RLIMIT_AS": libraries + limits.memory})
    _limit({"RLIMIT_CPU": limits.cpu_seconds}, room=1)


def _limit(wanted: dict[str, int], room: int = 0) -> None:
    import resource  # POSIX only

    for name, value in wanted.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = value + room if hard == resource.RLIM_INFINITY else min(value + room, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them; the clock still ends the call
            resource.setrlimit(kind, (min(value, most), most))


def _leave_the_network() -> bool:
    """Enter a network namespace without interfaces; where that is refused, one inside a user namespace."""
    for flags in (kernel.CLONE_NEWNET, kernel.CLONE_NEWUSER | kernel.CLONE_NEWNET):
        with contextlib.suppress(OSError):
            kernel.unshare(flags)
            return True
    return False


def _end_with_parent() -> None:
    """End with the parent, and keep this user's other processes out of this one. A change of user would undo both."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _become_nobody() -> bool:
    """Become the user nobody, which only root can. Give up groups first: afterwards it is not allowed."""
    try:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    except OSError:
        return False
    return True


def _refusing(places: Sequence[Path]) -> Callable[[str, tuple[Any, ...]], None]:
    """An audit hook. It lets calls pass that name an open file by its number."""
    inside = tuple(f"{place}{end}" for place in places for end in ("", "/"))

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _NETWORK or event in _PROGRAMS or (event in _FILES and _is_refused(event, arguments, inside)):
            raise Forbidden(f"Reading foreign data may not use {event} ({_first_argument(arguments)}).")

    return refuse


def _first_argument(arguments: tuple[Any, ...]) -> str:
    return ascii(arguments[0])[:200] if arguments else ""


def _is_refused(event: str, arguments: tuple[Any, ...], inside: tuple[str, ...]) -> bool:
    place = arguments[0]
    if isinstance(place, int):
        return False
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING:
        return True
    try:
        name = os.path.realpath(os.fsdecode(place))
    except (TypeError, ValueError):
        return True
    return not any(name == each or (each.endswith("/") and name.startswith(each)) for each in inside)
