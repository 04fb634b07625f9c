"""What a forge says when somebody has pushed to a repository."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Push:
    """``addresses``: by which the repository can be reached; ``ref``: such as ``refs/heads/main``."""

    addresses: tuple[str, ...]
    ref: str
    default_branch: str | None = None
