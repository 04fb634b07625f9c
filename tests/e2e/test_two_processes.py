"""The scaled-out deployment on PostgreSQL: one process takes messages and shows answers, the other one works."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import MakeSampleHub
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.fixtures.hub import MakeHub
from tests.servers.llmock import LlMock

pytestmark = pytest.mark.peer

WRITTEN_SLOWLY = {
    "match": {"userMessage": "reset my password"},
    "response": {"content": "Choose “Forgot password?” on the sign-in page [1]. The link works for 60 minutes [1]."},
    "latency": 500,
    "chunkSize": 12,
}
VERIFIER_FAILS = {
    "match": {"systemMessage": "You check an answer"},
    "response": {"error": {"message": "no", "type": "server_error"}, "status": 400},
}
THANKED = {"match": {"userMessage": "Thanks"}, "response": {"content": "You're welcome!"}}


@pytest.fixture
def model(tmp_path: Path) -> Iterator[LlMock]:
    """Writes slowly enough that its text is in the log before the message that replaces it."""
    mock = LlMock(tmp_path / "model", [VERIFIER_FAILS, WRITTEN_SLOWLY, THANKED])
    mock.start()
    yield mock
    mock.stop()


async def test_a_question_is_taken_here_and_answered_there(
    model: LlMock, widget: Widget, site: Site, make_hub: MakeHub, make_sample_hub: MakeSampleHub, postgres_url: str
) -> None:
    environment = {"WIDGET_ORIGINS": site.origin, "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "test"}
    web = make_hub(database_url=postgres_url, role="web", environment=environment)
    worker = make_sample_hub(database_url=postgres_url, role="worker", environment=environment)
    await widget.visit(site.origin, hub=web.url)
    await widget.open()
    answer = await widget.ask("How do I reset my password?")
    await expect(answer).to_contain_text("Forgot password")
    assert "text" in widget.wire.types(), "what the other process writes streams through the database"

    await asyncio.to_thread(web.restart)
    await widget.online()
    await asyncio.to_thread(worker.stop)
    await widget.say("Thanks")
    await expect(widget.own("Thanks")).to_have_attribute("data-state", "sent")
    await asyncio.to_thread(worker.start)
    await widget.answer(2)
    assert [who for who, _ in await widget.transcript()] == ["customer", "agent"] * 2
