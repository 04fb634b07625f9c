"""What ``switchboard doctor`` has a confined child try, in native code: whoever takes a library over does not ask Python."""

from __future__ import annotations

import ctypes
import json
import os
import socket

_STREAM = 1


def try_what_is_refused(payload: bytes) -> bytes:
    """``payload`` is JSON: paths of files by a name for each. Answers JSON: what was reached, by those names and ``network``."""
    libc = ctypes.CDLL(None)
    files: dict[str, str] = json.loads(payload)
    reached = {name: int(libc.open(os.fsencode(path), os.O_RDONLY)) >= 0 for name, path in files.items()}
    reached["network"] = any(int(libc.socket(family, _STREAM, 0)) >= 0 for family in (socket.AF_INET, socket.AF_UNIX))
    return json.dumps(reached).encode()


def become_program(payload: bytes) -> bytes:
    """Answers only where no other program can take this one's place."""
    arguments = (ctypes.c_char_p * 2)(payload, None)
    ctypes.CDLL(None).execv(payload, arguments)
    return b""
