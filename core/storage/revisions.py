"""Which schemas there are, and which one a SQLite file has; for commands that only look, without a database library."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote

from core.domain.errors import ConfigError

MIGRATIONS = Path(__file__).parent / "migrations"


class SchemaState(StrEnum):
    """A database's schema beside the one that this version of the hub needs."""

    MISSING = "missing"
    OLDER = "older"
    CURRENT = "current"


def newest_revision() -> str:
    """The revision that this version of the hub needs: files are called ``m<revision>_<what>.py``."""
    return max(_revisions())


def schema_state(present: str | None) -> SchemaState:
    """``present``: what the database's table ``alembic_version`` says. Raises ConfigError for a revision that is not ours."""
    if present is None:
        return SchemaState.MISSING
    known = _revisions()
    if present not in known:
        raise ConfigError(
            f"The database was made by a newer version of Switchboard (schema {present[:32]!r}, this one knows up to "
            f"{max(known)}): start that version, or restore a backup from before it."
        )
    return SchemaState.CURRENT if present == max(known) else SchemaState.OLDER


def _revisions() -> set[str]:
    return {path.stem[1:].split("_")[0] for path in (MIGRATIONS / "versions").glob("m*.py")}


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
