"""The path on which messages are accepted stays light: the heavy libraries are loaded after it, or elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.fixtures.hub import MakeHub
from tests.patience import PATIENCE

pytestmark = pytest.mark.slow

HEAVY = {
    "chromadb",
    "openai",
    "torch",
    "markitdown",
    "sentence_transformers",
    "transformers",
    "onnxruntime",
    "pandas",
    "mcp",
}

# The server itself, with one addition: on SIGUSR1 it writes down which modules it has loaded.
_PROGRAM = """
import json, os, signal, sys
def tell(*_):
    names = sorted({name.partition(".")[0] for name in sys.modules})
    with open("modules.part", "w") as file:
        json.dump(names, file)
    os.replace("modules.part", "modules.json")
signal.signal(signal.SIGUSR1, tell)
from config.cli import main
main()
"""


async def _accept_one(url: str) -> None:
    async with aiohttp.ClientSession(url) as client:
        session = await (await client.post("/api/sessions", json={})).json()
        answer = await client.post(
            f"/api/chat/sessions/{session['session_id']}/messages?wait=0",
            json={"message": "How do I reset my password?", "client_id": "first"},
            headers={"Authorization": f"Bearer {session['token']}"},
        )
        assert answer.status == 202, await answer.text()


async def test_a_message_is_accepted_before_anything_heavy_is_loaded(make_hub: MakeHub) -> None:
    hub = make_hub(sources="sample", launcher=("-c", _PROGRAM))
    await _accept_one(hub.url)
    loaded = await _modules(hub.home, hub.pid, hub.url)
    assert "config" in loaded
    assert loaded & HEAVY == set()


async def _modules(home: Path, pid: int, url: str) -> set[str]:
    os.kill(pid, signal.SIGUSR1)
    file = home / "modules.json"
    async with asyncio.timeout(PATIENCE), aiohttp.ClientSession(url) as client:
        while not file.exists():
            await (await client.get("/health/live")).read()  # wakes the server's loop, which then runs the handler
    return set(json.loads(file.read_text(encoding="utf-8")))
