"""Which schemas there are. Apart from the migrations themselves, so that commands that only look load no database library."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

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
