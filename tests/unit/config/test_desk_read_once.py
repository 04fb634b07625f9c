"""The desk's files are read once at the start: what the desk's channel, the doors and the forms are made with is the same."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from config.hub import Hub
from config.settings import read_settings

TEAMS = "billing:\n  channel: C0BILLING\n  keywords: [invoice]\n"
MACROS = "- name: hello\n  title: Hello\n  text: Hello!\n"


def test_each_file_of_the_desk_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teams, macros, moods = tmp_path / "teams.yaml", tmp_path / "macros.yaml", tmp_path / "moods.yaml"
    moods.write_text("any:\n  strong: [blue light]\n", "utf-8")
    teams.write_text(TEAMS, "utf-8")
    macros.write_text(MACROS, "utf-8")
    read: Counter[str] = Counter()
    real = Path.read_text

    def counted(path: Path, *args: Any, **options: Any) -> str:
        read[path.name] += 1
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "read_text", counted)
    Hub(
        read_settings(
            data_dir=tmp_path / "var",
            secret_key="k" * 32,
            slack_staff_channel="C0STAFF01",
            slack_bot_token="xoxb-1",
            slack_signing_secret="s",
            slack_desk_bot_token="xoxb-2",
            slack_desk_signing_secret="d",
            desk_teams_file=teams,
            desk_macros_file=macros,
            desk_mood_file=moods,
        )
    )
    assert (read["teams.yaml"], read["macros.yaml"], read["moods.yaml"]) == (1, 1, 1)
