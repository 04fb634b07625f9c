"""What ``switchboard doctor`` says of the database. It is looked at, and nothing in it is changed."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

from config.processes.data_dir import folder_trouble
from config.settings import Settings
from core.domain.errors import ConfigError, HubError
from core.ports.channel import Diagnosis
from core.storage.revisions import SchemaState, revision_in, schema_state

DATABASE = "database"
"""The name of its row."""
_FIX = (
    "Let DATABASE_URL name a server that this machine reaches, with its user, password and database; or leave it out."
)
_FILE_FIX = "Let DATABASE_URL or DATA_DIR name a place that this account may write, or restore a backup of the file."
_SAID = {
    SchemaState.MISSING: "its tables are made when the hub starts",
    SchemaState.OLDER: "its tables are brought up to date when the hub starts",
    SchemaState.CURRENT: "its tables are up to date",
}


async def check_database(settings: Settings, seconds: float) -> tuple[Diagnosis, SchemaState | None]:
    """With the state of its schema, None where it is unusable."""
    url = settings.effective_database_url
    file = url.startswith("sqlite")
    try:
        state = _state_of_file(Path(url.partition(":///")[2])) if file else await _state_of_server(url, seconds)
    except TimeoutError:
        return Diagnosis("DATABASE_URL", False, f"no answer within {seconds:.0f} s", _FIX), None
    except (HubError, sqlite3.Error, OSError) as error:
        told = error.detail.partition("\n")[0] if isinstance(error, HubError) else str(error)
        newer = isinstance(error, ConfigError) and error.detail.startswith("The database was made")
        fix = None if newer else _FILE_FIX if file else _FIX
        return Diagnosis("DATABASE_URL", False, told, fix), None
    return Diagnosis("DATABASE_URL", True, f"answers, and {_SAID[state]}"), state


def _state_of_file(path: Path) -> SchemaState:
    if path.exists():
        return schema_state(revision_in(path))
    trouble = folder_trouble(path.parent)
    if trouble is not None:
        raise OSError(trouble)
    return SchemaState.MISSING


async def _state_of_server(url: str, seconds: float) -> SchemaState:
    from core.clock import SystemClock
    from core.storage.read_only import ReadOnlyDatabase

    async with asyncio.timeout(seconds):
        return await ReadOnlyDatabase(url, SystemClock()).schema()
