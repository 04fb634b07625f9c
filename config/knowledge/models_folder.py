"""Where embedding models are kept once they were made ready: one place for all data folders, since making one takes a minute."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from config.settings import Settings
from knowledge.embed.exported import SHIPPED


def models_folder(settings: Settings) -> Path:
    """EMBEDDING_CACHE, else the virtual environment, else the user's cache; the data folder where neither can be written.

    A data folder in which an earlier version kept models goes on with them.
    """
    own = settings.data_dir / "models"
    if settings.embedding_cache is not None:
        return settings.embedding_cache
    if own.is_dir():
        return own
    return next((place for place in _shared() if _can_be_written(place)), own)


def _shared() -> Iterator[Path]:
    if sys.prefix != sys.base_prefix:
        yield SHIPPED
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    cache = named if named.is_absolute() else Path(os.path.expanduser("~/.cache"))  # noqa: PTH111 - which may find no home
    if cache.is_absolute():
        yield cache / "switchboard" / "models"


def _can_be_written(place: Path) -> bool:
    """Asks the first folder above that exists; also a system that is mounted read-only says no."""
    there = next(each for each in (place, *place.parents) if each.exists())
    return os.access(there, os.W_OK | os.X_OK)
