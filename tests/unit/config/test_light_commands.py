"""Commands that only look load no library that they do not use: people wait for them, and each costs time."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

_RUN = """
import sys
from config.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
import json
print(json.dumps(sorted(name for name in sys.modules if name in {heavy!r})))
"""
_MODELS = ("torch", "transformers", "sentence_transformers", "chromadb", "onnxruntime", "openai", "markitdown", "numpy")
_SERVER = ("aiohttp", "obstore", "handoff.slack_desk", "channels.web.adapter", "core.agent.loop", "alembic")
_DATABASE = ("sqlalchemy", "asyncpg", "core.storage.store")


@pytest.mark.parametrize(
    ("command", "needless"),
    [
        ("doctor", (*_MODELS, *_SERVER, *_DATABASE)),
        ("gaps", (*_MODELS, *_SERVER)),
        ("index --status", (*_MODELS, *_SERVER)),
    ],
)
def test_a_command_that_only_looks_loads_only_what_it_uses(
    tmp_path: Path, sqlite_url: str, command: str, needless: tuple[str, ...]
) -> None:
    (tmp_path / "var").mkdir(mode=0o700)
    Path(sqlite_url.partition(":///")[2]).rename(tmp_path / "var/switchboard.db")
    program = _RUN.format(arguments=command.split(), heavy=needless)
    environment = {"DATA_DIR": str(tmp_path / "var"), "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout.splitlines()[-1]) == [], ran.stdout


_WATCHED = """
import sys
opened, statements, places = [], [], []

def watch(event, given):
    if event == "open" and isinstance(given[0], (str, bytes)) and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        opened.append(str(given[0]))
    elif event == "sqlite3.connect":
        places.append(str(given[0]))
    elif event in ("socket.connect", "subprocess.Popen", "os.posix_spawn"):
        asked.append(event)

def connect(*given, **named):
    connection = connect_untraced(*given, **named)
    connection.set_trace_callback(statements.append)
    return connection

import json, os, sqlite3
connect_untraced, sqlite3.connect = sqlite3.connect, connect
asked = []
from config.cli import main
sys.dont_write_bytecode = True
sys.addaudithook(watch)
try:
    main(["doctor"])
except SystemExit:
    pass
print(json.dumps({"opened": opened, "statements": statements, "places": places, "asked": asked}))
"""


def _watched_doctor(folder: Path) -> dict[str, list[str]]:
    """Files below ``folder`` that ``doctor`` opened for writing, its statements and databases, and calls of others."""
    environment = {"DATA_DIR": str(folder / "var"), "PATH": os.environ["PATH"], "PORT": "0"}
    environment["KNOWLEDGE_SOURCES"] = "none"
    ran = subprocess.run(
        [sys.executable, "-c", _WATCHED], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    done: dict[str, list[str]] = json.loads(ran.stdout.splitlines()[-1])
    return {**done, "opened": [one for one in done["opened"] if str(folder) in one]}


def test_doctor_does_the_same_little_work_however_much_the_database_holds(tmp_path: Path, sqlite_url: str) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    database = Path(sqlite_url.partition(":///")[2]).rename(folder / "switchboard.db")
    before = _watched_doctor(tmp_path)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "CREATE TABLE bulk AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50000) SELECT i FROM n"
        )
    done = _watched_doctor(tmp_path)
    assert done == before
    assert all("mode=ro" in place for place in done["places"])
    assert len(done["places"]) == 1
    assert 1 <= len(done["statements"]) <= 3
    assert all(one.startswith("SELECT") for one in done["statements"])
    assert done["opened"] == []
    assert done["asked"] == []
