"""From a checkout to a page that answers, with one command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.servers.process import ServerProcess, free_port, listens
from tests.servers.programs import ROOT

pytestmark = [pytest.mark.soak(small=False), pytest.mark.slow]


@pytest.fixture
def checkout(scale: Scale, tmp_path: Path) -> Iterator[Path]:
    """This one; in a soak a fresh clone, in which nothing is installed."""
    if not scale.full:
        yield ROOT
        return
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    yield clone
    shutil.rmtree(clone)


def _environment(home: Path, port: int) -> dict[str, str]:
    """Only what a bare machine has: no settings, and no tools of this project's environment."""
    beside = str(Path(sys.executable).parent)
    path = os.pathsep.join(part for part in os.environ["PATH"].split(os.pathsep) if part != beside)
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "LANG", "SSL_", "LC_"))}
    return {**kept, "PATH": path, "HOME": str(home), "PORT": str(port), "DATA_DIR": str(home / "var")}


async def ask_hub(url: str, question: str) -> dict[str, Any]:
    """The agent's answer, however long the model takes to load on this machine."""
    async with aiohttp.ClientSession(url) as client:
        session = await (await client.post("/api/sessions", json={})).json()
        client.headers["Authorization"] = f"Bearer {session['token']}"
        route = f"/api/chat/sessions/{session['session_id']}/messages?wait=0"
        accepted = await client.post(route, json={"message": question, "client_id": "one"})
        assert accepted.status == 202, await accepted.text()
        cursor = 0
        while True:
            polled = await client.get(f"/api/sessions/{session['session_id']}/events?after={cursor}&wait=25")
            events = await polled.json()
            answers = [frame for frame in events["frames"] if frame["type"] == "complete"]
            if answers:
                return dict(answers[0])
            cursor = events["cursor"]


async def test_make_run_serves_a_page_that_answers(checkout: Path, tmp_path: Path, make_report: MakeReport) -> None:
    report = make_report("make-run", "From a fresh clone to an answer")
    port = free_port()
    make = ServerProcess(["make", "run"], log=tmp_path / "make.log", cwd=checkout, env=_environment(tmp_path, port))
    started = time.monotonic()
    make.start()
    try:
        make.wait_ready(lambda: listens(port), timeout=1000)
        report.record("seconds from `make run` to the first connection", round(time.monotonic() - started, 1))
        async with aiohttp.ClientSession() as client:
            page = await (await client.get(f"http://127.0.0.1:{port}/")).text()
        assert "widget.js" in page
        answer = await ask_hub(f"http://127.0.0.1:{port}", "How do I reset my password?")
        report.record("seconds from `make run` to the first answer", round(time.monotonic() - started, 1))
        assert answer["sources"], answer
    finally:
        make.end()
        print(make.log_tail())
