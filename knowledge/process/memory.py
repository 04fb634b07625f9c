"""Gives memory back to the machine that loading a model or a run over many documents has needed for a while.

glibc keeps what is freed in the middle of its heaps, and opens a heap for each of many threads: after its first index run
the process held 90 MB more than before, for good. Elsewhere (musl, macOS, Windows) nothing happens here.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from functools import cache

_M_ARENA_MAX = -8  # malloc.h
_ARENAS = 2


def keep_few_heaps() -> bool:
    """Call it before threads begin. False where this is not glibc."""
    library = _glibc()
    return library is not None and bool(library.mallopt(_M_ARENA_MAX, _ARENAS))


def give_back() -> bool:
    """Takes milliseconds, during which others of this process wait. Whether anything could be given back."""
    gc.collect()
    library = _glibc()
    return library is not None and bool(library.malloc_trim(0))


@cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL("libc.so.6")
        library.malloc_trim.argtypes = [ctypes.c_size_t]
        library.mallopt.argtypes = [ctypes.c_int, ctypes.c_int]
    except (OSError, AttributeError):
        return None
    return library
