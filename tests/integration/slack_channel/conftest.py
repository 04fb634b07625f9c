"""A started channel, the fake it talks to, and a real store behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.slack import post_ack_tasks
from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, store_in, surroundings
from tests.patience import PATIENCE


@pytest.fixture
async def fake() -> AsyncIterator[SlackFake]:
    """Slack."""
    async with SlackFake() as fake:
        yield fake


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A database."""
    async with store_in(tmp_path) as store:
        yield store


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


@pytest.fixture(autouse=True)
def _names_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is that plays Slack."""
    monkeypatch.setattr(post_ack_tasks, "_INTRODUCTION", PATIENCE)


@pytest.fixture
async def hub(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path) -> AsyncIterator[Hub]:
    """The channel over HTTP."""
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        yield hub
