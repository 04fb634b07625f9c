"""Opens a SQLite file for a look, without making anything beside it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from urllib.parse import quote


def open_for_reading(path: Path) -> sqlite3.Connection:
    """``immutable`` where no process has it open, since SQLite would make a -wal and a -shm file even for a reader."""
    unused = not path.with_name(f"{path.name}-wal").exists()
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro{'&immutable=1' if unused else ''}", uri=True)


def revision_in(path: Path) -> str | None:
    """What its table ``alembic_version`` says; None where it has none. Raises sqlite3.Error for what is no such file."""
    connection = open_for_reading(path)
    try:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if row is None else str(row[0])
    finally:
        connection.close()
