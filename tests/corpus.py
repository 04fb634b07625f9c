"""Other people's files that some tests read where they are (CORPUS_DIR); never copied into the project.

Tests that need them live in ``test_*_corpus.py``: those modules are collected only when CORPUS_DIR is set.
"""

from __future__ import annotations

import os
from pathlib import Path

_VALUE = os.environ.get("CORPUS_DIR")
CORPUS_DIR: Path | None = Path(_VALUE) if _VALUE else None


def corpus_files(folder: str, pattern: str = "*") -> list[Path]:
    """All files below ``folder``. Raises AssertionError when there is none: an empty corpus proves nothing."""
    assert CORPUS_DIR is not None, "CORPUS_DIR is not set"
    found = sorted(path for path in (CORPUS_DIR / folder).rglob(pattern) if path.is_file())
    assert found, f"{CORPUS_DIR / folder} holds no {pattern}"
    return found
