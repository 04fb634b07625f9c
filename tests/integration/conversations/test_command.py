"""``switchboard evaluate --conversations`` at a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from config.cli import main


@pytest.fixture
def transcripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    reply = "The trial lasts \x9b31m \x1b[2J 14 days."
    turn = {"user": "How long is the trial?", "reply": reply, "expect": "SHOW"}
    file = tmp_path / "cases.jsonl"
    file.write_text(json.dumps({"id": "wrong", "turns": [turn]}))
    return file


def _run(file: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", "--conversations", str(file), *options])


def test_words_of_a_transcript_control_no_terminal(transcripts: Path) -> None:
    result = _run(transcripts, "--refuses", "1")
    assert "wrong (en), lost: The trial lasts" in result.output
    assert all(line.isprintable() for line in result.output.split("\n"))


@pytest.mark.parametrize("option", ["--misses", "--refuses"])
def test_a_share_is_at_most_one(transcripts: Path, option: str) -> None:
    result = _run(transcripts, option, "5")
    assert result.exit_code == 2
    assert option in result.output
