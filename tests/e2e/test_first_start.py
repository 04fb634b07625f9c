"""On a machine where the hub was prepared, an empty data folder answers at once, whenever an earlier start was killed."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from knowledge.embed.exported import Precision
from knowledge.embed.ready import make_ready
from tests.e2e.knowledge_copy import LOADED_SECONDS, command_environment, run_command
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.servers.models import MODELS

pytestmark = pytest.mark.slow

_QUESTION = "How do I reset my password?"


def _with_model(folder: Path) -> Path:
    """A cache that holds the model and nothing else."""
    folder.mkdir(parents=True)
    model = make_ready(None, Precision.FP32, MODELS)
    (folder / model.name).symlink_to(model)
    return folder


def _preparing(cache: Path, home: Path) -> subprocess.Popen[str]:
    environment = command_environment(home / "var", {"EMBEDDING_CACHE": str(cache)})
    command = [sys.executable, "-m", "config.cli", "prepare"]
    return subprocess.Popen(command, cwd=home, env=environment, stdout=subprocess.PIPE, text=True)


def _wait(happened: Callable[[], object], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + LOADED_SECONDS
    while not happened():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache after ``switchboard prepare``, which was killed at first, and then ran twice at once."""
    place = tmp_path_factory.mktemp("prepared")
    cache = _with_model(place / "cache")
    with _preparing(cache, place) as killed:
        _wait(lambda: list(cache.glob(".sample-work/chroma/*")), killed)
        killed.kill()
    assert not _samples(cache)
    several = [_preparing(cache, place) for _ in range(2)]
    told = "".join(each.communicate(timeout=LOADED_SECONDS)[0] for each in several)
    assert [each.returncode for each in several] == [0, 0]
    assert "Reading the sample documents" in told
    assert "Prepared in" in told
    assert len(_samples(cache)) == 1
    assert not list(cache.glob(".sample-*/"))
    assert not (place / "var").exists(), "preparing is nothing that a data folder sees"
    for path in cache.glob("sample-*/**/*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o044 == 0o044, f"{path}: an image's user is not who built it"
    return cache


def _state(cache: Path) -> dict[str, tuple[int, int]]:
    """Everything in it, with size and time."""
    files = (path for path in cache.rglob("*") if not path.is_symlink())
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def _samples(cache: Path) -> list[str]:
    return [path.name for path in cache.iterdir() if path.name.startswith("sample-")]


def test_a_second_time_there_is_nothing_to_prepare(prepared: Path, tmp_path: Path) -> None:
    before = _state(prepared)
    ran = run_command(tmp_path / "var", "prepare", EMBEDDING_CACHE=str(prepared))
    assert (ran.returncode, ran.stdout) == (0, "")
    assert _state(prepared) == before


def test_where_a_server_embeds_there_is_nothing_to_prepare(tmp_path: Path) -> None:
    ran = run_command(tmp_path / "var", "prepare", EMBEDDING_BASE_URL="http://127.0.0.1:9/v1", EMBEDDING_MODEL="m")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Nothing to prepare" in ran.stdout


def _hub(make_hub: MakeHub, cache: Path, **options: object) -> Hub:
    chosen = {"sources": "sample", "environment": {"EMBEDDING_CACHE": str(cache)}, **options}
    hub: Hub = make_hub(start=False, **chosen)
    return hub


async def _ask(hub: Hub) -> dict[str, object]:
    async with aiohttp.ClientSession(hub.url) as client:
        session = await (await client.post("/api/sessions", json={})).json()
        client.headers["Authorization"] = f"Bearer {session['token']}"
        route = f"/api/chat/sessions/{session['session_id']}/messages"
        deadline = time.monotonic() + LOADED_SECONDS
        while True:  # a machine that is busy takes longer to load the model than a request waits
            answered = await client.post(route, json={"message": _QUESTION, "client_id": "one"})
            assert answered.status in (200, 202), hub.log_tail()
            if answered.status == 200:
                return dict(await answered.json())
            assert time.monotonic() < deadline, hub.log_tail()


def _runs(hub: Hub) -> list[tuple[int, int]]:
    """Documents that its index runs indexed, and those that they found unchanged."""
    lines = [json.loads(line) for line in hub.log.read_text("utf-8").splitlines() if '"index.done"' in line]
    return [(line["indexed"], line["unchanged"]) for line in lines]


async def _answers_from_what_was_prepared(hub: Hub, cache: Path) -> None:
    before = _state(cache)
    hub.start()
    answer = await _ask(hub)
    assert "Forgot password" in str(answer["message"])
    assert answer["sources"], "it shows where that stands"
    hub.stop()
    assert _runs(hub) in ([(0, 7)], []), "no document was read again"
    assert _state(cache) == before, "nothing was prepared again"
    assert not [path.name for path in hub.data_dir.iterdir() if path.name in ("models", ".sample-part")]


async def test_an_empty_data_folder_answers_and_prepares_nothing(make_hub: MakeHub, prepared: Path) -> None:
    await _answers_from_what_was_prepared(_hub(make_hub, prepared), prepared)


def _start_until(hub: Hub, there: Path) -> None:
    hub._process.start()
    deadline = time.monotonic() + LOADED_SECONDS
    while not there.exists() and not (hub.data_dir / "knowledge.db").exists():  # a folder may have come and gone
        assert hub.running, hub.log_tail()
        assert time.monotonic() < deadline
        time.sleep(0.002)


async def test_a_start_that_was_killed_does_not_matter(make_hub: MakeHub, prepared: Path) -> None:
    """In the first second; ``tests/faults/test_first_start.py`` kills at each step."""
    hub = _hub(make_hub, prepared)
    _start_until(hub, hub.data_dir / ".sample-part")
    hub.kill()
    await _answers_from_what_was_prepared(hub, prepared)


async def test_documents_of_ones_own_do_not_start_with_the_sample(
    make_hub: MakeHub, prepared: Path, tmp_path: Path
) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "own.md").write_text("# Opening hours\n\nThe shop opens at nine on weekdays.\n")
    hub = _hub(make_hub, prepared, sources=str(documents))
    hub.start()
    answer = await _ask(hub)
    assert not answer["sources"]
    deadline = time.monotonic() + LOADED_SECONDS
    while not _runs(hub):
        assert time.monotonic() < deadline, hub.log_tail()
        await asyncio.sleep(0.05)
    hub.stop()
    assert _runs(hub) == [(1, 0)]
