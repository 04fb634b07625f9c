"""The sample documents, indexed once for the whole run: a DATA_DIR that every hub with knowledge starts from a copy of."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.servers.forked import CAN_FORK, Forked
from tests.servers.hub import Hub
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

DONE = "indexed.txt"
LOADED_SECONDS = 240
"""The embedding model loads in a few seconds; on a machine that is busy with other tests, in a few minutes."""


def run_command(
    data_dir: Path, *arguments: str, typed: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """``switchboard ARGUMENTS`` as its user runs it, with its own working directory and nothing in its environment.

    It is forked from a process that has imported the product, where that can be: most of a command's time is its imports. What it
    reads is a pipe, what it writes are files. ``run_between_files`` and ``run_on_terminal`` start Python itself.
    """
    with tempfile.TemporaryDirectory() as place:
        read, output, errors = (Path(place) / name for name in ("input", "output", "errors"))
        if not CAN_FORK:
            read.write_text(typed, encoding="utf-8")
            return run_between_files(data_dir, read, output, *arguments, **environment)
        os.mkfifo(read)
        threading.Thread(target=_type, args=(read, typed), daemon=True).start()
        _, _, module, *given = _argv(arguments)
        environment = command_environment(data_dir, environment)
        forked = Forked(
            module, given, cwd=_home(data_dir), environment=environment, output=output, errors=errors, read=read
        )
        code = forked.wait(LOADED_SECONDS)
        told = (output.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8"))
    return subprocess.CompletedProcess([module, *given], code, *told)


def _type(pipe: Path, text: str) -> None:
    """Waits until the command has the pipe open."""
    with contextlib.suppress(BrokenPipeError):
        pipe.write_text(text, encoding="utf-8")


def run_between_files(
    data_dir: Path, read: Path, written: Path, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same with ``< read > written``."""
    with read.open() as questions, written.open("w") as answers:
        ran = subprocess.run(
            _argv(arguments),
            cwd=_home(data_dir),
            env=command_environment(data_dir, environment),
            stdin=questions,
            stdout=answers,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            timeout=LOADED_SECONDS,
        )
    return subprocess.CompletedProcess(ran.args, ran.returncode, written.read_text(encoding="utf-8"), ran.stderr)


def run_on_terminal(data_dir: Path, *arguments: str) -> tuple[int, str]:
    """The same in a terminal of 100 columns: exit code, and everything that appeared, bars that were wiped off included."""
    ours, theirs = pty.openpty()
    environment = command_environment(data_dir, {"COLUMNS": "100", "TERM": "xterm-256color"})
    with subprocess.Popen(
        _argv(arguments), cwd=_home(data_dir), env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        while chunk := _read(ours):
            shown += chunk
        os.close(ours)
        return process.wait(LOADED_SECONDS), shown.decode()


def _read(terminal: int) -> bytes:
    """Empty at the end: a terminal that nobody holds open any more answers EIO on Linux."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def _argv(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "config.cli", *arguments]


def _home(data_dir: Path) -> Path:
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    return data_dir.parent


def command_environment(data_dir: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Of a command: nothing but what a test gives it."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(data_dir.parent),
        "DATA_DIR": str(data_dir),
        "EMBEDDING_CACHE": str(MODELS),
        "PYTHONIOENCODING": "utf-8",
        **(more or {}),
    }


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
    shutil.copytree(template, home / "var", ignore=shutil.ignore_patterns("*.sock", "owner.lock"), dirs_exist_ok=True)
    return home


def copy_talk(template: Path, data_dir: Path) -> None:
    """Into a DATA_DIR that is new: the examples of talk as a first start embeds them, which takes longer than most tests."""
    for kept in (template / "knowledge" / "words").glob("*/talk-*.npy"):
        place = data_dir / "knowledge" / "words" / kept.parent.name
        place.mkdir(parents=True)
        shutil.copy(kept, place)


def started(hub: Hub) -> Hub:
    """``hub``, running, and with its documents at hand: a question asked now is answered at once."""
    if not hub.running:
        hub.start()
    deadline = time.monotonic() + LOADED_SECONDS
    while not _knows(hub):
        assert hub.running, hub.log_tail()
        assert time.monotonic() < deadline, hub.log_tail()
        time.sleep(0.1)
    return hub


def _knows(hub: Hub) -> bool:
    asked = urllib.request.Request(f"{hub.url}/health/vectors", headers=hub.operator)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        health = json.load(answer)
    documents = int(health["detail"].split()[0]) if "documents" in health.get("detail", "") else 0
    return health["status"] == "ok" and documents > 0
