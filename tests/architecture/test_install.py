"""The install script's errors say what to do; an installation that is there is recognised at once."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import tracked
from tests.servers.programs import ROOT

_TOOLS = ("bash", "dirname", "cat", "cut", "df", "awk", "grep", "tail", "rm", "mkdir", "sleep", "id", "env", "sed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the install script reads."""
    folder = tmp_path / "project"
    (folder / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "requirements.lock", "requirements-dev.lock", "scripts/install.sh"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with the usual tools and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in _TOOLS:
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return folder


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def _install(project: Path, tools: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "scripts/install.sh", *arguments],
        cwd=project,
        env={"PATH": str(tools), "HOME": str(project)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_python_it_names_what_to_install(project: Path, tools: Path) -> None:
    done = _install(project, tools)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr


def test_an_old_python_is_named_with_its_version(project: Path, tools: Path) -> None:
    _script(tools / "python3", 'if [ "$1" = -V ]; then echo "Python 3.9.2"; else exit 1; fi')
    done = _install(project, tools)
    assert done.returncode == 1
    assert "python3 is 3.9.2" in done.stderr


def test_an_unknown_mode_is_refused(project: Path, tools: Path) -> None:
    done = _install(project, tools, "everything")
    assert done.returncode == 1
    assert "usage" in done.stderr.lower()


# A Python that makes an environment whose pip does as the test says.
_FAKE_PYTHON = """
case "$*" in
  -V) echo "Python 3.12.0" ;;
  *"-m venv"*) for last; do :; done; mkdir -p "$last/bin"; for name in python pip; do
      cp "$0" "$last/bin/$name"; done ;;
  *"ensurepip"*) exit ${NO_VENV:-0} ;;
  *"sys.version_info[:2]"*) echo python3.12-venv ;;
  *hashlib*) cat >/dev/null; echo 0123 ;;
  *"pip install"*) PIP_ANSWER ;;
  *) exit 0 ;;
esac
"""


def test_a_full_disk_is_called_by_its_name(project: Path, tools: Path) -> None:
    answer = 'echo "ERROR: [Errno 28] No space left on device"; exit 1'
    _script(tools / "python3", _FAKE_PYTHON.replace("PIP_ANSWER", answer).replace("cp ", f"{shutil.which('cp')} "))
    done = _install(project, tools)
    assert done.returncode == 1
    assert "the disk is full" in done.stderr
    assert not (project / ".venv" / ".installed-run").exists()


def test_too_little_space_is_noticed_before_anything_is_done(project: Path, tools: Path) -> None:
    _script(tools / "python3", _FAKE_PYTHON.replace("PIP_ANSWER", "exit 0"))
    (tools / "df").unlink()
    _script(tools / "df", "echo Filesystem 1M-blocks Used Available; echo /dev/sda 100 90 10")
    done = _install(project, tools)
    assert done.returncode == 1
    assert "of free disk space are needed" in done.stderr
    assert not (project / ".venv").exists()


def test_a_missing_venv_module_is_named_with_its_package(project: Path, tools: Path) -> None:
    (tools / "id").unlink()
    _script(tools / "id", "echo 1000")
    _script(tools / "python3", _FAKE_PYTHON.replace("PIP_ANSWER", "exit 0").replace("${NO_VENV:-0}", "1"))
    done = _install(project, tools)
    assert done.returncode == 1
    assert "apt-get install python3.12-venv" in done.stderr


def test_another_failure_shows_what_pip_said(project: Path, tools: Path) -> None:
    answer = 'echo "ERROR: the network is down"; exit 1'
    _script(tools / "python3", _FAKE_PYTHON.replace("PIP_ANSWER", answer).replace("cp ", f"{shutil.which('cp')} "))
    done = _install(project, tools)
    assert done.returncode == 1
    assert "the network is down" in done.stderr
    assert "Running the same command again" in done.stderr


def test_a_second_run_finds_nothing_to_do(project: Path, tools: Path) -> None:
    answer = "echo called >>$HOME/calls"
    _script(tools / "python3", _FAKE_PYTHON.replace("PIP_ANSWER", answer).replace("cp ", f"{shutil.which('cp')} "))
    first = _install(project, tools)
    assert first.returncode == 0, first.stderr
    assert "Installed in" in first.stdout
    _script(project / ".venv" / "bin" / "switchboard", "exit 0")
    calls = (project / "calls").read_text()
    second = _install(project, tools)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert (project / "calls").read_text() == calls


@pytest.mark.parametrize("path", [path for path in tracked() if path.suffix == ".sh" or path.name == "run"], ids=str)
def test_scripts_are_executable_and_parse(path: Path) -> None:
    assert os.access(ROOT / path, os.X_OK), f"chmod +x {path}"
    assert subprocess.run(["bash", "-n", str(ROOT / path)], check=False).returncode == 0
