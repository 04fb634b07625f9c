"""The very first start is killed too: half a schema or half a key must not keep the hub from starting ever after."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from config.processes.data_dir import own_secret_key
from core.clock import SystemClock
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

_KILLED_WHILE_MIGRATING = """
import asyncio, os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from core.storage.migrate import migrate

left = int(sys.argv[2])

@event.listens_for(Engine, "after_cursor_execute")
def after(connection, cursor, statement, parameters, context, executemany):
    global left
    if statement.lstrip().upper().startswith(("CREATE", "INSERT", "UPDATE")):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(migrate(sys.argv[1]))
"""

_KILLED_WHILE_MAKING_A_KEY = """
import os, signal, sys
from pathlib import Path
from config.processes.data_dir import own_secret_key

def killed_on(line):
    def traced(frame, event, argument):
        nonlocal line
        if frame.f_code.co_filename.endswith("data_dir.py") and event == "line":
            line -= 1
            if line == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return traced
    return traced

for line in range(1, 100):
    child = os.fork()
    if child == 0:
        sys.settrace(killed_on(line))
        own_secret_key(Path(sys.argv[1]) / str(line))
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""

_KILLED_WHILE_STARTING_WITH_THE_SAMPLE = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from knowledge.process.prepared_sample import prepared_folder, start_with_sample
from knowledge.settings import KnowledgeSettings

INDEX = {"knowledge.db": "manifest", "chroma/chroma.sqlite3": "vectors", "knowledge/words/model/about.json": "words"}
home = Path(sys.argv[1])
(home / "sample").mkdir()
(home / "sample" / "faq.md").write_text("# A question")
settings = KnowledgeSettings(directory=home / "var" / "chroma", sample=home / "sample")
model = home / "models" / "0123-fp32"
for name, content in INDEX.items():
    path = prepared_folder(settings, model) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)

def killed_on(call):
    # Before each of its calls to the system and to what is built in: more places than there are lines.
    def profiled(frame, event, argument):
        nonlocal call
        if event == "c_call":
            call -= 1
            if call == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    return profiled

killed = 0
for call in range(1, 5000):
    data = home / str(call)
    settings = replace(settings, directory=data / "chroma")
    child = os.fork()
    if child == 0:
        sys.setprofile(killed_on(call))
        start_with_sample(settings, model)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
    killed += 1
    start_with_sample(settings, model)
    held = {path.relative_to(data).as_posix(): path.read_text() for path in data.rglob("*") if path.is_file()}
    assert held == INDEX, (call, held)
assert 100 < killed < 4999, killed
"""


async def _run(script: str, *arguments: str) -> int:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, *arguments, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE
    )
    _, errors = await process.communicate()
    assert process.returncode in (0, -signal.SIGKILL), errors.decode()
    return process.returncode


async def test_killed_while_migrating_sqlite(tmp_path: Path) -> None:
    for statement in (1, 2, 5, 12, 17, 100):
        url = f"sqlite:///{tmp_path / str(statement)}.db"
        ended = await _run(_KILLED_WHILE_MIGRATING, url, str(statement))
        assert ended == (0 if statement == 100 else -signal.SIGKILL)
        await migrate(url)
        await _works(url)


async def test_killed_while_migrating_postgres(bare_postgres_url: str) -> None:
    for statement in (2, 12):
        assert await _run(_KILLED_WHILE_MIGRATING, bare_postgres_url, str(statement)) == -signal.SIGKILL
    await migrate(bare_postgres_url)
    await _works(bare_postgres_url)


async def _works(url: str) -> None:
    """Every table is there and can be read."""
    store = SqlStore(url, SystemClock())
    await store.open()
    await store.counts()
    await store.close()


async def test_killed_while_making_its_secret_key(tmp_path: Path) -> None:
    """On each line of it. What is there afterwards is a whole key or none, and a key that was once read stays."""
    assert await _run(_KILLED_WHILE_MAKING_A_KEY, str(tmp_path)) == 0
    folders = list(tmp_path.iterdir())  # noqa: ASYNC240 - nothing else runs here
    assert len(folders) > 10
    for data_dir in folders:
        key = own_secret_key(data_dir)
        assert len(key) == 64, f"killed on line {data_dir.name}: {key!r}"
        assert own_secret_key(data_dir) == key


async def test_killed_while_it_starts_with_the_sample(tmp_path: Path) -> None:
    """At each of its steps. The next start has the whole index, and has no document to read."""
    assert await _run(_KILLED_WHILE_STARTING_WITH_THE_SAMPLE, str(tmp_path)) == 0
