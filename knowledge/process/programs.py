"""Our own programs that run beside the hub: how they are started, and what each gives up before it begins.

A process that nobody waits for any more must not go on: where a document or a page makes its reader spin, nothing in that process
can see that its parent is gone, so the kernel is asked to end it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from pathlib import Path

PACKAGES = Path(__file__).parents[2]
"""The folder that holds our packages, so that a child finds them without being installed: its working directory."""

_PATIENT = 10
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # prctl(2)


def command(module: str) -> tuple[str, ...]:
    """What starts one of our modules as a program."""
    return (sys.executable, "-m", module)


def die_with_parent() -> None:
    """Linux only: elsewhere the end of the pipe is all that tells. The parent is the thread that started us (prctl(2))."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def confine(memory: int | None = None, cpu: float | None = None, *, patient: bool = True) -> None:
    """Ends with the parent, leaves no dump, goes behind whoever serves customers, and stays within bytes and seconds of work.

    Others of its account cannot look into it. Call it first, while there is one thread. What the system does not know is
    left out: macOS refuses some of it.
    """
    die_with_parent()
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if patient and hasattr(os, "nice"):
        os.nice(_PATIENT)
    try:
        import resource
    except ImportError:
        return
    limits = {resource.RLIMIT_CORE: 0}
    if memory is not None:
        limits[resource.RLIMIT_AS] = memory
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    if cpu is not None:
        work_at_most(cpu)


def work_at_most(seconds: float) -> None:
    """From now on this process may use so many seconds of the processor; then it is ended. May be said again and again."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
