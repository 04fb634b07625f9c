"""SQLite files with the newest schema: the migrations run once in a test process, each test gets a copy of what they made."""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from core.storage.migrate import migrate


def new_sqlite(path: Path) -> str:
    """The address of a migrated, empty database that is now at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_migrated())
    return f"sqlite:///{path}"


@cache
def _migrated() -> bytes:
    """Made in a thread with a loop of its own, so that tests in any loop can ask for it."""
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(1) as threads:
        path = Path(place) / "empty.db"
        threads.submit(asyncio.run, migrate(f"sqlite:///{path}")).result()
        return path.read_bytes()
