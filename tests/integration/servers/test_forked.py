"""What is forked is a process as any other: its own environment, files, end and death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.servers.forked import Forked
from tests.servers.programs import ROOT

_TELLS = """
import json, os, sys
json.dump({"name": __name__, "argv": sys.argv[1:], "cwd": os.getcwd(), "environment": dict(os.environ), "read": input()},
          sys.stdout)
print("aside", file=sys.stderr)
"""
_WAITS = "import time, os; print(os.getpid(), flush=True); time.sleep(600)"
_IS_KILLED = """
import os, signal, sys, time
from pathlib import Path
from tests.servers.forked import Forked
folder = Path(sys.argv[1])
child = Forked("waits", [], cwd=folder, environment={}, output=folder / "log")
print(child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def _program(folder: Path, name: str, text: str) -> None:
    """A module in the working directory, where ``python -m`` finds it."""
    (folder / f"{name}.py").write_text(text, encoding="utf-8")


def test_it_has_its_own_place_environment_and_files(tmp_path: Path) -> None:
    _program(tmp_path, "tells", _TELLS)
    (tmp_path / "read").write_text("typed\n")
    out, errors = tmp_path / "out", tmp_path / "errors"
    child = Forked(
        "tells", ["a", "b c"], cwd=tmp_path, environment={"X": "ä"}, output=out, errors=errors, read=tmp_path / "read"
    )
    assert child.wait(60) == 0
    assert json.loads(out.read_text()) == {
        "name": "__main__",
        "argv": ["a", "b c"],
        "cwd": str(tmp_path),
        "environment": {"X": "ä"},
        "read": "typed",
    }
    assert errors.read_text() == "aside\n"
    assert child.pid != os.getpid()


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("import sys; sys.exit('a sentence')", 1, "a sentence"),
        ("1 / 0", 1, "Traceback"),
        ("import atexit; atexit.register(print, 'at the end')", 0, "at the end"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_it_ends_as_python_does(tmp_path: Path, text: str, code: int, shown: str) -> None:
    _program(tmp_path, "ends", text)
    child = Forked("ends", [], cwd=tmp_path, environment={}, output=tmp_path / "log")
    assert child.wait(60) == code
    assert child.poll() == child.returncode == code
    assert shown in (tmp_path / "log").read_text()


def test_it_runs_until_it_is_ended(tmp_path: Path) -> None:
    _program(tmp_path, "waits", _WAITS)
    child = Forked("waits", [], cwd=tmp_path, environment={}, output=tmp_path / "log")
    assert child.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.1)
    os.kill(child.pid, signal.SIGTERM)
    assert child.wait(60) == -signal.SIGTERM


def test_nothing_of_one_is_found_in_the_next(tmp_path: Path) -> None:
    _program(tmp_path, "leaves", "import config.cli, os; config.cli.left = os.environ['LEFT'] = 'x'; os.chdir('/')")
    _program(tmp_path, "looks", "import config.cli, os; print(hasattr(config.cli, 'left'), dict(os.environ))")
    for name in ("leaves", "looks"):
        assert Forked(name, [], cwd=tmp_path, environment={}, output=tmp_path / "log").wait(60) == 0
    assert (tmp_path / "log").read_text() == "False {}\n"


def test_it_does_not_outlive_the_tests(tmp_path: Path) -> None:
    _program(tmp_path, "waits", _WAITS)
    ran = subprocess.run(
        [sys.executable, "-c", _IS_KILLED, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    assert ran.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while _runs(int(ran.stdout)):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whom nobody has waited for yet is dead all the same."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
