"""``switchboard doctor`` looks at a data folder and a database that were used, and leaves all in them as it was."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner

from config.cli import main
from tests.fixtures.hub import MakeHub
from tests.fixtures.states_of_files import states_of_files
from tests.servers.hub import Hub

pytestmark = pytest.mark.slow
_CHANNEL = {
    "TELEGRAM_BOT_TOKEN": "123456789:FAKE-token_of_a_bot_in_tests",
    "TELEGRAM_API_BASE_URL": "http://127.0.0.1:9",
}
"""One that reads what it remembers in the database, and reaches nothing."""


async def _doctor(folder: Path, **environment: str) -> str:
    given = {"DATA_DIR": str(folder), "PORT": "0", "KNOWLEDGE_SOURCES": "none", **_CHANNEL, **environment}
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["doctor"], env=given)
    assert isinstance(ran.exception, SystemExit | None), ran.output
    return ran.output


@pytest.mark.parametrize("end", [Hub.stop, Hub.kill], ids=["stopped", "killed"])
async def test_a_used_folder_stays_as_it_was(make_hub: MakeHub, end: Callable[[Hub], object], tmp_path: Path) -> None:
    hub = await asyncio.to_thread(make_hub)
    end(hub)
    folder = hub.data_dir
    (folder / "attachments").mkdir(exist_ok=True)
    (folder / "attachments" / "file").write_bytes(b"a customer's file")
    copy = shutil.copytree(folder, tmp_path / "var", ignore=shutil.ignore_patterns("*.sock"))
    before = states_of_files(copy)
    assert str(copy / "switchboard.db") in before
    shown = await _doctor(copy)
    assert "telegram   WRONG  reachable" in shown
    after = states_of_files(copy)
    assert after.keys() == before.keys()
    shared = str(copy / "switchboard.db-shm")  # holds locks of whoever reads, and is made anew from the -wal file
    assert [name for name in after if after[name] != before[name] and name != shared] == []


async def test_a_used_server_stays_as_it_was(make_hub: MakeHub, postgres_url: str, tmp_path: Path) -> None:
    hub = await asyncio.to_thread(make_hub, database_url=postgres_url)
    hub.stop()
    (tmp_path / "var").mkdir()
    before = await _rows(postgres_url)
    assert before["alembic_version"]
    shown = await _doctor(tmp_path / "var", DATABASE_URL=postgres_url)
    assert "DATABASE_URL: answers, and its tables are up to date" in shown
    assert await _rows(postgres_url) == before
    assert states_of_files(tmp_path / "var") == {}


async def test_a_server_without_tables_gets_none(bare_postgres_url: str, tmp_path: Path) -> None:
    shown = await _doctor(tmp_path / "var", DATABASE_URL=bare_postgres_url)
    assert "its tables are made when the hub starts" in shown
    assert await _rows(bare_postgres_url) == {}


async def _rows(url: str) -> dict[str, list[str]]:
    """By table: all rows, with the transaction that wrote each and where it lies."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return {
            name: [str(tuple(row)) for row in await connection.fetch(f'SELECT xmin, ctid, t::text FROM "{name}" t')]
            for (name,) in tables
        }
    finally:
        await connection.close()
