"""Of ``config``, which puts the hub together, nothing runs for a message: what it made is called, not itself."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any, cast

import aiohttp
import pytest

from config.hub import Hub
from config.settings import Settings
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF
from tests.faults.channels.door import Door
from tests.faults.channels.slack_door import SlackDoor
from tests.faults.channels.weather import Weather
from tests.integration.path.town import Punctual
from tests.integration.path.web_door import WebDoor
from tests.patience import PATIENCE
from tests.servers.chat_endpoint import ANSWERS, CHECKS, ChatEndpoint
from tests.servers.hub import SECRET_KEY, UNLIMITED
from tests.servers.hub import Hub as Process
from tests.servers.models import MODELS
from tests.servers.process import free_port
from tests.servers.programs import ROOT

_CONFIG = f"{ROOT / 'config'}/"
_PLAYED = "simulation/"
_BY_THE_CLOCK = ("processes/", *(f"knowledge/{name}.py" for name in ("scheduler", "source_jobs", "gap_sorting")))
"""Loops that run whether anybody writes or not."""
_ANSWER = "Click “Forgot password?” on the sign-in page [1]."
_QUESTION = "How do I reset my password?"


@dataclass(frozen=True)
class _Address:
    url: str


@contextmanager
def _run_of_config() -> Iterator[set[str]]:
    """The functions of ``config`` that this thread calls meanwhile."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(_CONFIG):
            name = name.removeprefix(_CONFIG)
            if not name.startswith((_PLAYED, *_BY_THE_CLOCK)):
                found.add(f"{name}:{frame.f_code.co_name}")

    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)


async def _served(stack: AsyncExitStack, folder: Path) -> tuple[Hub, list[Door]]:
    """A hub with a model, knowledge and staff, and its doors on Slack and on the web."""
    slack = await stack.enter_async_context(SlackFake())
    http = await stack.enter_async_context(aiohttp.ClientSession())
    model = await stack.enter_async_context(ChatEndpoint(lambda _messages: {"content": _ANSWER}))
    provider = Punctual(1), Weather(Punctual(1), 0.0), 0.0
    doors: list[Door] = [SlackDoor(slack, *provider, socket=False), WebDoor(http, *provider)]
    port = free_port()
    given: dict[str, Any] = {
        **UNLIMITED,
        "HOST": "127.0.0.1",
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": f"sqlite:///{folder}/switchboard.db",
        "DATA_DIR": folder,
        "SECRET_KEY": SECRET_KEY,
        "OPENAI_BASE_URL": model.url,
        "OPENAI_MODEL": ANSWERS,
        "AGENT_VERIFIER_MODEL": CHECKS,
        "AGENT_ANSWER_FORMAT": "text",
        "KNOWLEDGE_SOURCES": "sample",
        "EMBEDDING_CACHE": MODELS,
        "SLACK_STAFF_CHANNEL": STAFF,
    }
    for door in doors:
        given.update(door.settings(given["PUBLIC_URL"]))
        stack.push_async_callback(door.close)
    hub = Hub(Settings(_env_file=None, **{name.lower(): value for name, value in given.items()}))
    stack.push_async_callback(hub.stop)
    await hub.start()
    await hub.indexing.first_run()
    return hub, doors


async def _answered(door: Door, tag: str) -> None:
    before = len(door.read(tag))
    await door.write(tag, _QUESTION)
    async with asyncio.timeout(PATIENCE):
        while "Forgot password" not in "".join(door.read(tag)[before:]):  # noqa: ASYNC110 - not every fake can tell
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("channel", ["slack", "web"])
async def test_nothing_of_config_runs_for_a_message(channel: str, tmp_path: Path) -> None:
    """With model, retrieval and staff; a first message, for which more is done, is not looked at."""
    async with AsyncExitStack() as stack:
        hub, doors = await _served(stack, tmp_path)
        door = next(one for one in doors if one.name == channel)
        await door.admit(cast(Process, _Address(f"http://127.0.0.1:{hub.port}")), [f"{channel}-1"])
        await _answered(door, f"{channel}-1")
        with _run_of_config() as found:
            await _answered(door, f"{channel}-1")
    assert found == set()
