"""seccomp: a process gives up every call into the kernel but those that computing with what is open needs (seccomp(2)).

Other calls fail with an error and do not end the process: libraries try calls that they can do without.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys
from dataclasses import dataclass

from core.confined.kernel import PR_SET_NO_NEW_PRIVS, prctl, syscall
from core.confined.syscalls import ALLOWED, NUMBERS, RESTRICTED, Architecture, Exactly, Needs

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # linux/bpf_common.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000
_NEW_CALLS = 424
"""From here on numbers are the same on all architectures; the C library copes with ENOSYS, as of an older kernel."""
_FILTER, _TSYNC = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
_SECCOMP = {"x86_64": 317, "aarch64": 277}

_REFUSE, _UNKNOWN = _ERRNO | errno.EPERM, _ERRNO | errno.ENOSYS


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


@dataclass(frozen=True, slots=True)
class _Instruction:
    code: int
    value: int
    if_true: int = 0
    if_false: int = 0

    def packed(self) -> bytes:
        return struct.pack("=HBBI", self.code, self.if_true, self.if_false, self.value)


def restrict_calls() -> bool:
    """Limit every thread of this process to the calls on the list. False where the system has no seccomp."""
    architecture = NUMBERS.get(platform.machine())
    if sys.platform != "linux" or architecture is None or sys.maxsize < 2**32:
        return False
    instructions = program(architecture, own=os.getpid())
    content = b"".join(each.packed() for each in instructions)
    filters = _Program(len(instructions), content)
    number = _SECCOMP[platform.machine()]
    try:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        stray = syscall(number, ctypes.c_uint(_FILTER), ctypes.c_uint(_TSYNC), ctypes.byref(filters))
    except OSError:
        return False
    return stray == 0  # else the number of a thread that has a filter of its own


def program(architecture: Architecture, *, own: int) -> list[_Instruction]:
    """The filter. ``own``: the number of this process, the only one that it may send a signal to."""
    return [
        _Instruction(_LOAD, _ARCHITECTURE),
        _Instruction(_JUMP_EQUAL, architecture.audit, 1, 0),
        _Instruction(_RETURN, _REFUSE),
        _Instruction(_LOAD, _NUMBER),
        _Instruction(_JUMP_AT_LEAST, _X32, 0, 1),
        _Instruction(_RETURN, _REFUSE),
        *_plain(architecture),
        *_restricted(architecture, own),
        _Instruction(_JUMP_AT_LEAST, _NEW_CALLS, 0, 1),
        _Instruction(_RETURN, _UNKNOWN),
        _Instruction(_RETURN, _REFUSE),
    ]


def _plain(architecture: Architecture) -> list[_Instruction]:
    numbers = sorted(architecture.numbers[name] for name in ALLOWED if name in architecture.numbers)
    return [
        each for number in numbers for each in (_Instruction(_JUMP_EQUAL, number, 0, 1), _Instruction(_RETURN, _ALLOW))
    ]


def _restricted(architecture: Architecture, own: int) -> list[_Instruction]:
    found: list[_Instruction] = []
    for name, rule in RESTRICTED.items():
        if name in architecture.numbers:
            checks = _checks(rule, own)
            found += [_Instruction(_JUMP_EQUAL, architecture.numbers[name], 0, len(checks)), *checks]
    return found


def _checks(rule: Exactly | Needs, own: int) -> list[_Instruction]:
    """Looks at the low half of one argument (both architectures are little-endian) and returns in any case."""
    load = _Instruction(_LOAD, _ARGUMENTS + 8 * rule.argument)
    refuse, allow = _Instruction(_RETURN, _REFUSE), _Instruction(_RETURN, _ALLOW)
    if isinstance(rule, Needs):
        with_them = [_Instruction(_JUMP_ANY_BIT, rule.bits, 1, 0), refuse] if rule.bits else []
        without = [_Instruction(_JUMP_ANY_BIT, rule.never, 0, 1), refuse] if rule.never else []
        return [load, *with_them, *without, allow]
    values = [own if value is None else value for value in rule.values]
    return [load, *(each for value in values for each in (_Instruction(_JUMP_EQUAL, value, 0, 1), allow)), refuse]
