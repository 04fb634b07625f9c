"""The sample documents, indexed once for the whole run: a DATA_DIR that every hub with knowledge starts from a copy of."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.programs import ROOT

DONE = "indexed.txt"


def run_command(
    data_dir: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """``switchboard ARGUMENTS`` as its user runs it, with its own working directory and nothing in its environment."""
    home = data_dir.parent
    home.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "config.cli", *arguments],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "DATA_DIR": str(data_dir),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        input=typed,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=110,
    )


def indexed_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template: made by the first of the test processes that needs it, waited for by the others."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    template = shared / "indexed-sample" / "var"
    template.parent.mkdir(exist_ok=True)
    with (template.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = template.parent / DONE
        if not done.exists():
            ran = run_command(template, "index", KNOWLEDGE_SOURCES="sample")
            assert ran.returncode == 0, ran.stderr
            done.write_text(ran.stdout, encoding="utf-8")
    return template


def copy_of(template: Path, home: Path) -> Path:
    """``home`` with a DATA_DIR in which everything is indexed already."""
    shutil.copytree(template, home / "var", ignore=shutil.ignore_patterns("*.sock", "owner.lock"))
    return home
