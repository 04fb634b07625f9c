"""DATA_DIR is its owner's alone, whatever wrote it before."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.processes.privacy import open_to_other_accounts, remove_access_of_others
from tests.servers.programs import ROOT


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As versions wrote it that left the modes to the account's umask."""
    made = tmp_path / "var"
    (made / "attachments" / "ab").mkdir(parents=True)
    for name in ("switchboard.db", "attachments/ab/file", "hook"):
        (made / name).write_text("words")
        (made / name).chmod(0o644)
    (made / "hook").chmod(0o755)
    for place in (made, made / "attachments", made / "attachments" / "ab"):
        place.chmod(0o755)
    return made


def test_an_existing_folder_is_closed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("not ours to change")
    outside.chmod(0o644)
    (folder / "link").symlink_to(outside)

    assert len(open_to_other_accounts(folder)) == 6
    remove_access_of_others(folder)

    assert open_to_other_accounts(folder) == []
    assert {_mode(path) for path in (folder, folder / "attachments", folder / "attachments" / "ab")} == {0o700}
    assert {_mode(folder / name) for name in ("switchboard.db", "attachments/ab/file")} == {0o600}
    assert _mode(folder / "hook") == 0o700
    assert _mode(outside) == 0o644, "a link leads out of the folder"


def test_a_run_that_was_interrupted_is_begun_again(folder: Path) -> None:
    (folder / "switchboard.db").chmod(0o600)
    remove_access_of_others(folder)
    assert _mode(folder / "attachments" / "ab" / "file") == 0o600


def test_no_folder_is_no_fault(tmp_path: Path) -> None:
    remove_access_of_others(tmp_path / "none")
    assert open_to_other_accounts(tmp_path / "none") == []


def test_each_command_keeps_to_itself(tmp_path: Path) -> None:
    """What it and its children write, and what it holds: nobody of its account may look into it, as the kernel sees it."""
    script = (
        "import ctypes, sys\n"
        "from config.cli import main\n"
        "try: main(['dead-letters', '--help'])\n"
        "except SystemExit: pass\n"
        "open(sys.argv[1], 'w').close()\n"
        "sys.exit(ctypes.CDLL(None).prctl(3) if sys.platform == 'linux' else 0)"  # PR_GET_DUMPABLE
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "file")], check=True, cwd=ROOT)
    assert _mode(tmp_path / "file") == 0o600
