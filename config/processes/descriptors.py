"""The limit of open files and sockets of this process."""

from __future__ import annotations

import contextlib
import resource

RESERVE = 256
"""For the hub's own files and connections: database, index, uploads, providers, pipes of its children."""
_MOST = 1 << 20


def raise_descriptor_limit() -> None:
    """From the soft limit, which is often 1,024, to the hard one. What the system refuses stays as it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def descriptor_limit() -> int:
    """How many this process may open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft == resource.RLIM_INFINITY else soft
