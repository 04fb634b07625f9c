"""DATA_DIR has one owner, and the key in it is made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from config.processes.data_dir import DataDirLock, own_secret_key, owner_name
from core.domain.errors import ConfigError

_HOLD = "import sys, time; from pathlib import Path; from config.processes.data_dir import DataDirLock; "
_HOLD += "DataDirLock(Path(sys.argv[1])).require(); print('held', flush=True); time.sleep(60)"


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    first = DataDirLock(tmp_path)
    first.require()
    with pytest.raises(ConfigError, match="in use by another switchboard"):
        DataDirLock(tmp_path).require()
    first.release()
    DataDirLock(tmp_path).require()


def test_the_lock_of_a_killed_owner_is_free(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"held\n"
        assert not DataDirLock(tmp_path).acquire()
        owner.kill()
        owner.wait()
        lock = DataDirLock(tmp_path)
        assert lock.acquire()
        lock.release()


def test_the_owner_of_a_folder_keeps_its_name_over_restarts(tmp_path: Path) -> None:
    assert owner_name(tmp_path / "var") == owner_name(tmp_path / "var")
    assert owner_name(tmp_path / "var") != owner_name(tmp_path / "other")


def test_the_secret_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    key = own_secret_key(tmp_path / "var")
    assert own_secret_key(tmp_path / "var") == key
    assert len(key) >= 32
    assert (tmp_path / "var" / "secret_key").stat().st_mode & 0o077 == 0
