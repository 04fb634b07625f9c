"""Run inside the child, before it reads anything: take away what reading a file does not need."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Any

from core.attachments.limits import ExtractionLimits

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_FORBIDDEN = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo")
_NO_PROGRAMS = (
    "subprocess.Popen",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.fork",
    "os.forkpty",
    "pty.spawn",
)


class Forbidden(PermissionError):
    """A converter tried to reach the network or to start a program."""


def confine(limits: ExtractionLimits) -> str:
    """``namespace`` where the kernel gives this process a network without interfaces, else ``process`` (audit hook only)."""
    _limit_resources(limits)
    isolated = sys.platform == "linux" and _leave_the_network()
    sys.addaudithook(_refuse)
    return "namespace" if isolated else "process"


def _limit_resources(limits: ExtractionLimits) -> None:
    import resource  # POSIX only

    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_AS: limits.memory,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        bounded = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(kind, (bounded, bounded))
        except (ValueError, OSError):  # macOS refuses some of them; the wall time-out remains
            continue


def _leave_the_network() -> bool:
    """Die with the parent, gain nothing, and move to an empty network namespace (a user namespace allows it to anybody)."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWUSER | _CLONE_NEWNET, _CLONE_NEWNET))


def _refuse(event: str, _arguments: tuple[Any, ...]) -> None:
    if event in _FORBIDDEN or event in _NO_PROGRAMS:
        raise Forbidden(f"Reading a file may not use {event}.")
