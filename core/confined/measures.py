"""The measures that confine a process, by name."""

from __future__ import annotations

from enum import StrEnum


class Measure(StrEnum):
    """Which of them are in force depends on the kernel, and on what a container allows; ``switchboard doctor`` tries them."""

    LANDLOCK = "landlock"
    """The kernel opens no file but the interpreter's own libraries."""
    SECCOMP = "seccomp"
    """The kernel refuses sockets, programs, new processes, signals and files for writing."""
    NETWORK_NAMESPACE = "network_namespace"
    """There is no network interface to use."""
    UID = "uid"
    """Another user than the hub's; used where Landlock is missing and the hub runs as root."""
    AUDIT_HOOK = "audit_hook"
    """Python itself refuses. It does not stop native code."""


ALL = frozenset(Measure)
