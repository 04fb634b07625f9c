"""A language model answers: what of it may be read streams in, what may not is taken back, and silence never follows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.e2e.knowledge_copy import copy_of, started
from tests.e2e.site import Site
from tests.e2e.widget import Widget
from tests.servers.hub import Hub
from tests.servers.llmock import LlMock

pytestmark = pytest.mark.peer

VERIFIER = "You check an answer"
FIRST = "Choose “Forgot password?” on the sign-in page [1]."
SECOND = "The link in the e-mail works for 60 minutes [1]."
HOSTILE = (
    'Did you read <script>window.ran = true</script><img src=x onerror="window.ran = true"> this? '
    "Is it [the page](javascript:window.ran=true) or [more](data:text/html,<script>parent.ran=true</script>)?"
)


def _search(query: str) -> dict[str, str]:
    return {"name": "search_knowledge", "arguments": json.dumps({"query": query})}


def _fixture(question: str, response: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"match": {"userMessage": question, **more.pop("match", {})}, "response": response, **more}


FIXTURES = [
    _fixture(
        "", {"error": {"message": "no", "type": "server_error"}, "status": 400}, match={"systemMessage": VERIFIER}
    ),
    _fixture("slowly reset", {"content": f"{FIRST} {SECOND}"}, latency=800, chunkSize=12),
    _fixture("cut off", {"content": f"{FIRST} {SECOND * 9}"}, latency=300, chunkSize=12, truncateAfterChunks=40),
    _fixture("cheaper", {"toolCalls": [_search("free plan")]}, match={"hasToolResult": False}),
    _fixture("cheaper", {"content": "There is a free plan [1]."}, match={"hasToolResult": True}),
    _fixture("bill is wrong", {"toolCalls": [{"name": "escalate_to_human", "arguments": '{"reason": "wrong bill"}'}]}),
    _fixture("broken", {"error": {"message": "no", "type": "server_error"}, "status": 400}),
    _fixture("invent", {"content": "Tidepool was founded on the moon in 1969. It has 7 employees."}),
    _fixture("hostile", {"content": HOSTILE}),
    _fixture("Hello", {"content": "Hello! What would you like to know?"}),
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LlMock]:
    """A server of the OpenAI protocol with an answer to each question of this module."""
    mock = LlMock(tmp_path_factory.mktemp("model"), FIXTURES)
    mock.start()
    yield mock
    mock.stop()


@pytest.fixture(scope="module")
def model_hub(
    model: LlMock, site: Site, knowledge_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hub]:
    """A hub that asks it."""
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "test", "WIDGET_ORIGINS": site.origin}
    hub = Hub(
        copy_of(knowledge_template, tmp_path_factory.mktemp("model-hub")), sources="sample", environment=environment
    )
    yield started(hub)
    hub.kill()


@pytest.fixture
def where(site: Site, model_hub: Hub) -> str:
    return f"{site.origin}/?hub={model_hub.url}"


async def _open(widget: Widget, where: str) -> None:
    await widget.visit(where)
    await widget.open()


async def test_sentences_stream_in_while_the_model_writes(widget: Widget, where: str) -> None:
    await _open(widget, where)
    await widget.say("How do I slowly reset my password?")
    writing = widget.messages("agent").and_(widget.page.locator('[data-state="streaming"]'))
    await expect(writing).to_contain_text("Forgot password")
    await expect(writing).not_to_contain_text("60 minutes")
    await expect(writing.get_by_test_id("source")).to_have_count(1)
    answer = await widget.answer(1)
    await expect(answer).to_contain_text("60 minutes")
    await expect(answer.get_by_test_id("source")).to_have_count(1)
    await expect(widget.messages("agent")).to_have_count(1)


async def test_what_was_streamed_is_taken_back_when_the_model_breaks_off(widget: Widget, where: str) -> None:
    await _open(widget, where)
    await widget.say("Please cut off: how do I reset my password?")
    honest = await widget.answer(1)
    await expect(honest).to_contain_text("something went wrong")
    await expect(honest.get_by_test_id("person-offer")).to_be_visible()
    await expect(widget.panel).not_to_contain_text("Forgot password")
    assert "text" in widget.wire.types(), "it had been shown, and was withdrawn"


async def test_the_customer_sees_that_the_documents_are_being_searched(widget: Widget, where: str) -> None:
    await _open(widget, where)
    answer = await widget.ask("Is there something cheaper?")
    await expect(answer).to_contain_text("free plan")
    calls = [(f["name"], f["state"]) for f in widget.wire.received if f["type"] == "tool_call"]
    assert calls == [("search_knowledge", "started"), ("search_knowledge", "finished")]


async def test_the_model_brings_in_a_person(widget: Widget, where: str) -> None:
    await _open(widget, where)
    await widget.say("My bill is wrong!")
    await expect(widget.status).to_have_attribute("data-kind", "queued")
    await expect(widget.messages("system")).to_contain_text("Nobody from our team is connected")
    await expect(widget.messages("agent")).to_have_count(0)


async def test_a_model_that_fails_ends_in_an_honest_message(widget: Widget, where: str) -> None:
    await _open(widget, where)
    honest = await widget.ask("This is broken")
    await expect(honest).to_contain_text("something went wrong on our side")
    await expect(honest).to_contain_text("Your message is safe")
    await honest.get_by_test_id("person-offer").click()
    await expect(widget.status).to_have_attribute("data-kind", "queued")
    await expect(honest.get_by_test_id("person-offer")).to_have_count(0)


async def test_what_the_model_invents_is_not_shown(widget: Widget, where: str) -> None:
    await _open(widget, where)
    answer = await widget.ask("Please invent the history of Tidepool")
    await expect(answer).to_contain_text("I don't know")
    assert "moon" not in json.dumps(widget.wire.received)


async def test_markup_from_the_model_stays_text(widget: Widget, page: Page, where: str) -> None:
    await _open(widget, where)
    answer = await widget.ask("Be hostile: how do I reset my password?")
    await expect(answer).to_contain_text("<script>window.ran = true</script>")
    bubble = answer.locator(".bubble")
    await expect(bubble.locator("script, img, iframe")).to_have_count(0)
    addresses = await bubble.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert not [address for address in addresses if address and not address.startswith(("http", "mailto", "tel"))]
    assert await page.evaluate("window.ran") is None
