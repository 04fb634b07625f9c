"""Landlock: a process gives up every file but those under a few folders, without any right of its own (landlock(7))."""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from core.confined.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1
_EXECUTE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 2, 1 << 3
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many of the rights over files a version knows; they are numbered from 0 (linux/landlock.h)."""
_NETWORK_RIGHTS = 0b11  # bind and connect over TCP, from version 4
_SCOPES = 0b11  # abstract UNIX sockets and signals, from version 6


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Of the kernel's interface; 0 where there is none, or where it is switched off."""
    if sys.platform != "linux":
        return 0
    try:
        return syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_CREATE_RULESET_VERSION))
    except OSError:
        return 0


def restrict_to_reading(places: Iterable[Path]) -> bool:
    """Limit this thread, and what it starts, to reading files below ``places``.

    TCP, abstract sockets and signals to others are refused as well, as far as the kernel's version knows them. Files that are
    open stay open. False where the kernel has no Landlock. Raises OSError.
    """
    known = version()
    if not known:
        return False
    handled = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= known)) - 1
    rules = _Ruleset(handled, _NETWORK_RIGHTS if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    try:
        for place in places:
            with contextlib.suppress(OSError):  # it is not there: nothing to read
                _allow(ruleset, place)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        syscall(_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, place: Path) -> None:
    """Allow reading below a place. Loading a library needs no more; EXECUTE, which starts programs, stays refused."""
    descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        rule = _PathBeneath(_READ_FILE | _READ_DIR if folder else _READ_FILE, descriptor)
        syscall(
            _ADD_RULE,
            ctypes.c_int(ruleset),
            ctypes.c_int(_RULE_PATH_BENEATH),
            ctypes.byref(rule),
            ctypes.c_uint32(0),
        )
    finally:
        os.close(descriptor)
