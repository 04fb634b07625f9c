"""Attempts that ``switchboard doctor`` has a confined child make. They use native code, as an attacker inside a library would."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import stat

EXPECTED_OPEN = ["device", "device", "device", "pipe", "socket"]
"""Standard streams are /dev/null; the pipe shows the child's end; the socket carries the call."""
_STREAM = 1
_MOST_OPEN = 1024
_KINDS = {stat.S_IFCHR: "device", stat.S_IFIFO: "pipe", stat.S_IFSOCK: "socket"}


def try_what_is_refused(payload: bytes) -> bytes:
    """``payload`` is JSON: paths of files by a name for each. Answers JSON: what was reached, by those names.

    ``network`` and ``descriptors`` come on top.
    """
    libc = ctypes.CDLL(None)
    files: dict[str, str] = json.loads(payload)
    reached = {name: int(libc.open(os.fsencode(path), os.O_RDONLY)) >= 0 for name, path in files.items()}
    reached["network"] = any(int(libc.socket(family, _STREAM, 0)) >= 0 for family in (socket.AF_INET, socket.AF_UNIX))
    reached["descriptors"] = list_open() != EXPECTED_OPEN
    return json.dumps(reached).encode()


def list_open() -> list[str]:
    """The kind of each open descriptor, sorted."""
    return sorted(kind for number in range(_MOST_OPEN) if (kind := _kind(number)) is not None)


def _kind(number: int) -> str | None:
    try:
        mode = os.fstat(number).st_mode
    except OSError:
        return None
    return _KINDS.get(stat.S_IFMT(mode), "file")


def become_program(payload: bytes) -> bytes:
    """Try to execute the program at the path ``payload``. Returns only when that is refused."""
    arguments = (ctypes.c_char_p * 2)(payload, None)
    ctypes.CDLL(None).execv(payload, arguments)
    return b""
