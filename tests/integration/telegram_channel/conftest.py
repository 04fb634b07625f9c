"""What the tests of the Telegram channel share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage
from tests.integration.telegram_channel.world import World, world

CHAT = ConversationKey("telegram", "123456789", "4711")


def answer(text: str, to: ConversationKey = CHAT, **more: object) -> OutboundMessage:
    """From the agent."""
    base = OutboundMessage("m1", to, Author.AGENT, text, MessageKind.ANSWER, locale="en")
    return replace(base, **more)  # type: ignore[arg-type]


@pytest.fixture
async def quiet(tmp_path: Path) -> AsyncIterator[World]:
    """A hub that has not started yet."""
    async with world(tmp_path) as built:
        yield built


@pytest.fixture
async def polling(quiet: World) -> World:
    """A hub that polls, and one customer who has written already."""
    await quiet.channel.start(quiet.sink)
    await quiet.fake.write("Hello")
    await quiet.sink.texts(1)
    return quiet


@pytest.fixture
async def webhook(quiet: World) -> World:
    """A hub behind a webhook, and one customer who has written already."""
    await quiet.behind_webhook()
    await quiet.fake.write("Hello")
    await quiet.sink.texts(1)
    return quiet
