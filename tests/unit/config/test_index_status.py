"""``switchboard index --status`` says what is searched and how the last run stands, whoever runs it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from config.cli import main
from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.index.database import ManifestDatabase, open_database
from knowledge.index.opening import manifest_file
from knowledge.index.runs import RunLog


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


def fail(database: ManifestDatabase) -> None:
    with RunLog(database, "model", lambda: time.time() - 1000).run() as entry:
        entry.progress = IndexProgress(2, 7, "docs/b.md")
        raise OSError("No space left")
