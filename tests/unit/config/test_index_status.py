"""``switchboard index --status`` says what is searched and how the last run stands, whoever runs it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, insert

from config.cli import main
from config.knowledge.freshness import scope_of
from config.processes.data_dir import owner_name
from config.settings import read_settings
from core.clock import SystemClock
from core.domain.jobs import PlannedJob
from core.domain.knowledge import IndexProgress, IndexReport
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from knowledge.index.database import ManifestDatabase, open_database
from knowledge.index.fetches import Fetches
from knowledge.index.manifest_file import manifest_file
from knowledge.index.order import Origin
from knowledge.index.runs import RunLog
from knowledge.index.tables import documents
from knowledge.open import SAMPLE
from knowledge.sources import identity_of


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ManifestDatabase:
    """The manifest of a hub that has indexed nothing so far."""
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return open_database(manifest_file(tmp_path / "chroma"), None)


def status() -> tuple[int, str]:
    ran = CliRunner().invoke(main, ["index", "--status"], catch_exceptions=False)
    return ran.exit_code, ran.output


def test_before_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    assert status() == (0, "Nothing has been indexed yet.\n")
    assert list(tmp_path.iterdir()) == [], "whoever only looks leaves nothing behind"


def test_while_it_runs_and_after(database: ManifestDatabase) -> None:
    with RunLog(database, "model", time.time).run() as entry:
        entry.progress = IndexProgress(0, 0, "")
        code, text = status()
        assert code == 0
        assert "a run is under way since" in text
        entry.report = IndexReport(2, 1, 0, 9, (), 1.25)
    code, text = status()
    assert code == 0
    assert "2 indexed, 1 unchanged, 0 removed in 1.2 s" in text


def test_what_was_left_out_is_named(database: ManifestDatabase) -> None:
    with RunLog(database, "model", time.time).run() as entry:
        entry.report = IndexReport(2, 1, 0, 9, (("docs/a.pdf", "it is encrypted"),), 1.0)
    code, text = status()
    assert code == 1
    assert "docs/a.pdf: it is encrypted" in text


def test_a_run_that_failed_and_one_that_was_cut_off(database: ManifestDatabase) -> None:
    with pytest.raises(OSError, match="No space"):
        fail(database)
    code, text = status()
    assert code == 1
    assert "failed: OSError: No space left" in text
    assert "2 of 7 documents, at docs/b.md" in text

    killed = RunLog(database, "model", lambda: time.time() - 100).run()
    killed.__enter__()
    code, text = status()
    assert code == 1
    assert "was cut off about" in text


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> ZoneInfo:
    monkeypatch.setenv("DESK_TIME_ZONE", "Europe/Berlin")
    return ZoneInfo("Europe/Berlin")


def holds(database: ManifestDatabase, root: str, count: int, origin: Origin, problems: str = "") -> None:
    """So many documents of a root are in the index."""
    for number in range(count):
        row = {"fingerprint": "model", "id": identity_of(f"{root}/{number}"), "digest": "d", "stamp": "", "chunks": 1}
        row |= {"source": f"{number}.md", "root": root, "origin": origin.value, "problems": problems}
        database.write(lambda connection, row=row: connection.execute(insert(documents).values(**row)))


def test_what_was_named_on_the_command_line_is_listed(database: ManifestDatabase, berlin: ZoneInfo) -> None:
    with RunLog(database, "model", lambda: 1_800_000_000.0).run() as entry:
        entry.report = IndexReport(2, 1, 0, 9, (), 1.25)
    holds(database, "/srv/docs", 2, Origin.NAMED)
    holds(database, "https://me:secret@help.example.com/", 1, Origin.NAMED, "entry 2: no answer")
    holds(database, "/srv/configured", 3, Origin.CONFIGURED)
    Fetches(database, "model").note({"https://me:secret@help.example.com/": 1_800_000_000.0}, 1_800_000_000.0)
    code, text = status()
    assert code == 0
    assert text.splitlines()[1:] == [
        "the last run began 2027-01-15 09:00:00",
        "2 indexed, 1 unchanged, 0 removed in 1.2 s",
        "times are those of Europe/Berlin",
        "named on the command line, and read again when they are named again:",
        "  /srv/docs",
        "    2 documents",
        "  https://help.example.com/",
        "    1 documents, 1 of them not read whole, as fetched at 2027-01-15 09:00:00",
    ]
    shown = json.loads(CliRunner().invoke(main, ["index", "--status", "--json"], catch_exceptions=False).stdout)
    assert [(one["source"], one["documents"]) for one in shown["named"]] == [
        ("/srv/docs", 2),
        ("https://help.example.com/", 1),
    ]
    assert shown["last_run"]["began_at"] == shown["named"][1]["fetched_at"] == "2027-01-15T09:00:00+01:00"


async def test_the_sample_is_listed_as_long_as_it_is_there(
    database: ManifestDatabase, tmp_path: Path, berlin: ZoneInfo
) -> None:
    settings = read_settings()
    owner_name(settings.data_dir)
    await migrate(settings.effective_database_url)
    store = SqlStore(settings.effective_database_url, SystemClock())
    await store.open()
    planned = PlannedJob(identity_of(str(SAMPLE)), str(SAMPLE), "", None)
    await store.plan_jobs(scope_of(settings), [planned])
    await store.close()
    with RunLog(database, "model", time.time).run():
        pass
    holds(database, str(SAMPLE), 1, Origin.CONFIGURED)
    assert f"  {SAMPLE}" in (await asyncio.to_thread(status))[1].splitlines()
    database.write(lambda connection: connection.execute(delete(documents)))
    holds(database, "/srv/docs", 1, Origin.NAMED)
    assert str(SAMPLE) not in (await asyncio.to_thread(status))[1]


def fail(database: ManifestDatabase) -> None:
    with RunLog(database, "model", lambda: time.time() - 1000).run() as entry:
        entry.progress = IndexProgress(2, 7, "docs/b.md")
        raise OSError("No space left")
