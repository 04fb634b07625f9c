"""Removes the copies of sources that nobody names any more."""

from __future__ import annotations

import fcntl
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from knowledge.sources.mirror import LOCK, Mirror

_LEFT_ALONE = 86_400.0
"""Seconds since it was last written to: whoever has just named a source has fetched it, and not yet indexed it."""
_NAME = re.compile(r"[0-9a-f]{24}")


def remove_left_over(mirrors: Path, roots: Iterable[str], now: float | None = None) -> None:
    """``roots``: all that are configured or in the index. What is being fetched stays, and so does what is no copy of ours."""
    kept = {Mirror.of(mirrors, root).folder.name for root in roots}
    before = (time.time() if now is None else now) - _LEFT_ALONE
    for folder in mirrors.iterdir() if mirrors.is_dir() else ():
        if folder.name not in kept and _NAME.fullmatch(folder.name) and _written(folder) < before:
            _remove(folder)


def _written(folder: Path) -> float:
    """Whoever fetches meanwhile puts files into the places of others, which vanish then: that is how new it is."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return time.time()


def _remove(folder: Path) -> None:
    try:
        with (folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError:  # it is being fetched, or not ours to write
        return
