"""What was found out about a source without reading it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found. ``fix`` says what to change where it is not ``ok``."""

    ok: bool
    detail: str
    fix: str | None = None
