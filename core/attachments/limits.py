"""What the reading of one file may cost."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """Seconds, bytes and counts. ``memory`` is address space, of which the libraries alone take about 0.5 GB.

    ``ratio``: unpacked to packed size of an archive member; office documents reach about 50, bombs start at 1,000.
    """

    wall_seconds: float = 30.0
    cpu_seconds: int = 20
    memory: int = 1536 * 1024 * 1024
    open_files: int = 64
    output_chars: int = 200_000
    members: int = 200
    unpacked: int = 100 * 1024 * 1024
    ratio: int = 200

    def as_job(self) -> dict[str, Any]:
        """For the child, as JSON."""
        return asdict(self)
