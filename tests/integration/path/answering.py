"""A hub with a model, knowledge and staff in the test's own process, before a fake of Slack."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aiohttp

from config.hub import Hub
from config.settings import Settings
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import STAFF
from tests.faults.channels.door import Door
from tests.faults.channels.slack_door import SlackDoor
from tests.faults.channels.weather import Weather
from tests.integration.path.town import Punctual
from tests.integration.path.web_door import WebDoor
from tests.servers.chat_endpoint import ANSWERS, CHECKS, ChatEndpoint
from tests.servers.hub import SECRET_KEY, UNLIMITED
from tests.servers.hub import Hub as Process
from tests.servers.models import MODELS
from tests.servers.process import free_port

ANSWER = "Click “Forgot password?” on the sign-in page [1]."


@dataclass(frozen=True)
class Answering:
    """``url``: the hub's."""

    hub: Hub
    slack: SlackFake
    model: ChatEndpoint
    url: str
    doors: Mapping[str, Door]


async def answering(stack: AsyncExitStack, folder: Path) -> Answering:
    """A hub that has read its documents; on each channel one customer, ``slack-1`` and ``web-1``."""
    slack = await stack.enter_async_context(SlackFake())
    http = await stack.enter_async_context(aiohttp.ClientSession())
    model = await stack.enter_async_context(ChatEndpoint(lambda _messages: {"content": ANSWER}))
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
        "AGENT_VERIFY_MODEL": CHECKS,
        "AGENT_ANSWER_FORMAT": "text",
        "KNOWLEDGE_SOURCES": "sample",
        "EMBEDDING_CACHE": MODELS,
        "SLACK_STAFF_CHANNEL": STAFF,
    }
    for door in doors:
        given.update(door.settings(given["PUBLIC_URL"]))
        stack.push_async_callback(door.close)
    assert {name.lower() for name in given} <= set(Settings.model_fields), "a setting that is misspelt is ignored"
    hub = Hub(Settings(_env_file=None, **{name.lower(): value for name, value in given.items()}))
    stack.push_async_callback(hub.stop)
    await hub.start()
    await hub.indexing.first_run()
    found = Answering(hub, slack, model, given["PUBLIC_URL"], {door.name: door for door in doors})
    for door in doors:
        await door.admit(cast(Process, found), [f"{door.name}-1"])
    return found
