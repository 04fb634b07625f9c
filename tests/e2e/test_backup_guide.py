"""The commands of the guide's section on backups, run as they stand there beside a hub that has the database open."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from pathlib import Path

from tests.fixtures.hub import MakeHub
from tests.servers.programs import ROOT


def commands() -> str:
    """The first block of the section."""
    text = (ROOT / "docs/howto/operate.md").read_text("utf-8")
    found = re.search(r"^## Back it up$.*?^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_what_the_guide_copies_is_whole_and_starts(make_hub: MakeHub, tmp_path: Path) -> None:
    hub = make_hub()
    (hub.home / ".env").write_text("COMPANY_NAME=Acme\n")
    (hub.home / ".venv").symlink_to(ROOT / ".venv")
    for _ in range(2):  # every night
        ran = subprocess.run(
            ["bash", "-eu", "-c", commands()],
            cwd=hub.home,
            env={"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
    backup = hub.home / "backup"
    assert {"switchboard.db", "operator_token", "owner_name", ".env"} <= {path.name for path in backup.iterdir()}
    with sqlite3.connect(backup / "switchboard.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    token = (hub.data_dir / "operator_token").read_text()
    hub.stop()
    restored = make_hub(environment={"DATA_DIR": str(backup)})
    assert restored.is_live()
    assert (backup / "operator_token").read_text() == token
