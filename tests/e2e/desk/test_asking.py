"""Staff ask the agent in a case's thread: the answer stands there with its source, and the customer reads nothing of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, LINUS, SECRET, STAFF, TOKEN
from tests.e2e.desk.office import Office
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub

pytestmark = pytest.mark.slow

GOODWILL = """---
title: Goodwill
audience: staff
---
# Goodwill refunds

Goodwill refunds up to 50 euros need no approval. Above that, ask the head of support.
"""


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "goodwill.md").write_text(GOODWILL, encoding="utf-8")
    return folder


async def test_the_agent_answers_inside_from_what_only_staff_may_read(make_hub: MakeHub, documents: Path) -> None:
    async with SlackFake() as slack:
        settings = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
        }
        hub = await asyncio.to_thread(make_hub, sources=str(documents), environment=settings)
        async with visiting(hub) as visitor:
            office = Office(slack, hub)
            await visitor.say("I want to talk to a person", client_id="wish")
            card = await office.card()
            question = await office.write(
                card, f"<@{BOT}> how large may goodwill refunds be without approval?", user=LINUS
            )
            await office.deliver(question)
            await office.sees(card, "up to 50 euros")
            await office.sees(card, "goodwill.md")
            assert len([one for one in office.shown(card) if "up to 50 euros" in one]) == 1
            history = await visitor.call("GET", f"/api/sessions/{visitor.id}/history")
            assert "oodwill" not in str(history.body)
