"""The guide of installation, which the README begins with too: from a checkout to a hub of one's own, by its lines."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.architecture.sources import tracked
from tests.e2e.guides.guide import Guide
from tests.e2e.guides.places import ANSWER, QUESTION
from tests.e2e.guides.shell import run_commands
from tests.servers.models import MODELS
from tests.servers.process import free_port
from tests.servers.programs import ROOT
from tests.servers.pty_terminal import CTRL_C, Terminal, terminal

pytestmark = pytest.mark.slow

INSTALL = Guide("install")
PATIENCE = 240.0
TO_FIVE_QUESTIONS = ("Acme Ltd", "papers", "", "", "")
"""A name, documents, and no model, channel or staff yet."""


class Newcomer:
    """At a shell in the checkout, with nothing set but a port that is free here, and a cache that holds the tests' models.

    The cache is its own: what ``make run`` prepares beside the models would be the start of every other test's index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        beside = str(Path(sys.executable).parent)
        path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if one != beside)
        cache = folder / ".models"
        shutil.copytree(MODELS, cache, ignore=shutil.ignore_patterns("sample-*", ".*"))
        self.environment = {"PATH": path, "HOME": str(folder), "PORT": str(self.port), "EMBEDDING_CACHE": str(cache)}

    def types(self, line: str, *answers: str) -> subprocess.CompletedProcess[str]:
        """A command that ends."""
        text = "".join(f"{answer}\n" for answer in answers)
        return subprocess.run(
            ["bash", "-c", self._installed(line)],
            cwd=self.folder,
            env=self.environment,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    @contextmanager
    def serving(self, line: str) -> Iterator[Terminal]:
        """A command that serves: in a terminal, until Ctrl-C."""
        command = ["bash", "-c", self._installed(line)]
        with terminal(command, cwd=self.folder, env=self.environment) as screen:
            screen.wait_for("hub.started", PATIENCE)
            yield screen
            screen.type(CTRL_C)
            assert screen.end() == 0, screen.screen
            assert "Traceback" not in screen.screen

    def _installed(self, line: str) -> str:
        """What ``make run`` does where everything is installed: tests/e2e/test_make_run.py has it install, too."""
        recipe = run_commands("make -n run", self.folder).splitlines()
        assert recipe[0] == "bash scripts/install.sh run"
        settings, run, _ = line.partition("make run")
        return f"export {settings or 'PORT'}; {'; '.join(recipe[1:])}" if run else line

    async def asks(self, question: str) -> str:
        """In the page that the guide tells to open."""
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self.port}") as http:
            async with http.get("/") as page:
                assert "widget.js" in await page.text()
            async with http.post("/api/sessions", json={}) as opened:
                session = await opened.json()
            http.headers["Authorization"] = f"Bearer {session['token']}"
            route = f"/api/chat/sessions/{session['session_id']}/messages"
            async with http.post(route, json={"message": question, "client_id": "c1"}) as answer:
                assert answer.status == 200, await answer.text()
                return str((await answer.json())["message"])


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    """A checkout of this very code."""
    for name in {path.parts[0] for path in tracked()} | {".venv"}:
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "hours.md").write_text("# Opening hours\n\nThe shop opens at nine on weekdays.\n")
    return Newcomer(tmp_path)


def typed(line: int) -> list[str]:
    """What stands in a line of the path between backticks."""
    return re.findall(r"`([^`]+)`", INSTALL.path[line - 1])


async def test_the_path_leads_to_a_hub_of_ones_own(newcomer: Newcomer) -> None:
    run, question, init = typed(2)[0], re.findall(r'"(.+)"', INSTALL.path[2])[0], typed(4)[0]
    assert (run, question, init) == ("make run", QUESTION, ".venv/bin/switchboard init")
    with newcomer.serving(run):
        assert ANSWER in await newcomer.asks(question)
        await asyncio.to_thread(_what_goes_wrong, newcomer)
    asked = await asyncio.to_thread(newcomer.types, init, *TO_FIVE_QUESTIONS)
    assert asked.returncode == 0, asked.stdout + asked.stderr
    assert "knowledge" in asked.stdout, "it ends in doctor"
    assert "COMPANY_NAME=Acme Ltd" in (newcomer.folder / ".env").read_text().replace("'", "")
    with newcomer.serving(f"{typed(5)[1]} serve") as screen:
        await asyncio.to_thread(screen.wait_for, "index.done", PATIENCE)
        assert "nine" in await newcomer.asks("When does the shop open on weekdays?")


def _what_goes_wrong(newcomer: Newcomer) -> None:
    """The table's rows about a second hub: its words, and that its advice names what differs."""
    rows = dict(re.findall(r"^\| (.+?) \| .*`(.+?)` \|$", INSTALL.text, re.MULTILINE))
    taken = newcomer.types(rows["the data directory is in use by another switchboard"].replace("./var2", "./var"))
    assert taken.returncode != 0
    assert "is in use by another switchboard" in taken.stderr
    busy = newcomer.types(rows["the data directory is in use by another switchboard"])
    assert busy.returncode != 0
    assert "in use" in busy.stderr
    assert "PORT" in busy.stderr


def test_the_readme_begins_with_the_same_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    blocks = [block.strip().splitlines() for block in re.findall(r"(?<=\n\n)((?: {4}\S.*\n)+)", text)]
    lines = [line.strip() for block in blocks for line in block]
    assert lines == ["make run", "make test", ".venv/bin/switchboard init", ".venv/bin/switchboard serve"]
    assert f'"{QUESTION}"' in text
