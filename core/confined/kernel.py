"""Calls into the Linux kernel that Python has no function for."""

from __future__ import annotations

import ctypes
import os
from functools import cache

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_DUMPABLE = 4
PR_CAPBSET_DROP = 24
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000  # linux/sched.h
CLONE_NEWNET = 0x40000000

_CAPABILITY_VERSION = 0x20080522  # linux/capability.h, version 3
_LAST_CAPABILITY = 63


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySet(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


@cache
def libc() -> ctypes.CDLL:
    """The C library of this process, with ``errno`` kept for ctypes.get_errno."""
    return ctypes.CDLL(None, use_errno=True)


def prctl(option: int, *arguments: int) -> None:
    """Raises OSError."""
    padded = [ctypes.c_ulong(value) for value in (*arguments, 0, 0, 0, 0)[:4]]
    _check(libc().prctl(ctypes.c_int(option), *padded))


def unshare(flags: int) -> None:
    """Raises OSError."""
    _check(libc().unshare(ctypes.c_int(flags)))


def syscall(number: int, *arguments: object) -> int:
    """For calls that have no function in the C library. Raises OSError."""
    return _check(libc().syscall(ctypes.c_long(number), *arguments))


def drop_capabilities() -> None:
    """Give up every capability of the calling thread, for good; root keeps its user id. Raises OSError."""
    for capability in range(_LAST_CAPABILITY):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one that this kernel knows, or no right to drop any
            break
    header, nothing = _CapabilityHeader(_CAPABILITY_VERSION, 0), (_CapabilitySet * 2)()
    _check(libc().capset(ctypes.byref(header), nothing))


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
