"""What the text of one file may be."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExtractionLimits:
    """Bytes and counts. ``ratio``: unpacked to packed size of an archive member; office documents reach about 50, bombs
    start at 1,000.
    """

    output_chars: int = 200_000
    members: int = 200
    unpacked: int = 100 * 1024 * 1024
    ratio: int = 200
