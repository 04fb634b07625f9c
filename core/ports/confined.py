"""Calls that read foreign bytes in processes without access to files, network and secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class CallLimits:
    """What one call may cost. ``memory`` is address space in bytes beside what the libraries take.

    ``wall_seconds`` begin when the child is ready for the payload, ``cpu_seconds`` count its threads together.
    """

    wall_seconds: float = 30.0
    cpu_seconds: int = 20
    memory: int = 1024 * 1024 * 1024
    output_bytes: int = 4 * 1024 * 1024


DEFAULT = CallLimits()


class ConfinedCalls(Protocol):
    """Runs functions that read foreign bytes; each call has a process of its own, which ends with it."""

    async def call(
        self, function: str, payload: bytes, *, file: BinaryIO | None = None, limits: CallLimits = DEFAULT
    ) -> bytes:
        """Run ``function`` ("package.module:name") in a confined child process and return its answer.

        The function takes the payload and returns bytes; with ``file``, which is open for reading, it takes the payload and the
        file. Raises CallFailed, CallTookTooLong, CallTookTooMuch or CallDied (all ConfinedError); OSError where no process
        starts.
        """
