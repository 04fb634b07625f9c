"""Ids for rows: growing with time, so that indexes stay compact, and unique without asking anybody."""

from __future__ import annotations

import itertools
import secrets
import time

_PROCESS = secrets.token_hex(5)
_NUMBERS = itertools.count(secrets.randbits(39))


def new_id() -> str:
    """32 hex digits: 48 bits of milliseconds, 40 bits drawn once per process, 40 bits that count.

    Not a secret: a system call for random bytes costs more than storing a message does, so none is made per id.
    """
    return f"{time.time_ns() // 1_000_000:012x}{_PROCESS}{next(_NUMBERS) & 0xFFFFFFFFFF:010x}"
