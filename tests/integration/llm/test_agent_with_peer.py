"""The whole agent against a real server of the OpenAI protocol: streaming, usage, tool calls, refusals, broken streams."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.domain.messages import MessageKind
from core.llm.openai_chat import OpenAIChat
from core.ports.chat_model import ChatMessage, ChatRequest, Finished
from core.ports.responder import Reply
from tests.contract.responders.world import (
    PASSWORD,
    PRICE,
    Docs,
    MemoryJournal,
    SteppingClock,
    Watcher,
    turn_of,
)
from tests.fixtures.peers import MakeLlMock
from tests.integration.llm.wire_server import model_at
from tests.servers.llmock import LlMock

pytestmark = pytest.mark.peer

ANSWER = "Click “Forgot password?” on the sign-in page [1]. The link works for 60 minutes [1]."
ASKS = {"userMessage": "reset my password"}


async def _respond(
    peer: LlMock, question: str = "How do I reset my password?", **settings: Any
) -> tuple[Reply, Watcher]:
    clock = SteppingClock()
    model = OpenAIChat(model_at(peer.url, "gpt-5-mini", **settings), clock)
    watcher = Watcher()
    try:
        loop = AgentLoop(model, Docs(), MemoryJournal(), AgentSettings(company_name="Tidepool"), clock)
        return await loop.respond(turn_of(question), "t1", watcher), watcher
    finally:
        await model.aclose()


async def _journal(peer: LlMock) -> list[dict[str, Any]]:
    def read() -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{peer.url.removesuffix('/v1')}/__aimock/journal", timeout=60) as answer:
            found: list[dict[str, Any]] = json.load(answer)
            return found

    return await asyncio.to_thread(read)


async def test_an_answer_streams_in_with_its_source(make_llmock: MakeLlMock) -> None:
    peer = make_llmock([{"match": ASKS, "response": {"content": ANSWER}}], "--chunk-size", "5")
    reply, watcher = await _respond(peer)
    assert reply.text == ANSWER
    assert watcher.shown == ["Click “Forgot password?” on the sign-in page [1].", " The link works for 60 minutes [1]."]
    assert [citation.id for citation in reply.citations] == [PASSWORD.id]


async def test_tokens_are_reported(make_llmock: MakeLlMock) -> None:
    peer = make_llmock([{"match": {"userMessage": "hi"}, "response": {"content": "Hello."}}])
    model = OpenAIChat(model_at(peer.url), SteppingClock())
    items = [item async for item in model.stream(ChatRequest([ChatMessage("user", "hi")]))]
    await model.aclose()
    end = items[-1]
    assert isinstance(end, Finished)
    assert end.usage["total_tokens"] > 0


async def test_tools_are_called_and_their_result_is_used(make_llmock: MakeLlMock) -> None:
    search = {"name": "search_knowledge", "arguments": json.dumps({"query": "team plan price"})}
    peer = make_llmock(
        [
            {"match": {"userMessage": "cheaper", "hasToolResult": False}, "response": {"toolCalls": [search, search]}},
            {
                "match": {"userMessage": "cheaper", "hasToolResult": True},
                "response": {"content": "The Team plan costs 9 euros [2]."},
            },
        ]
    )
    reply, watcher = await _respond(peer, "Is there something cheaper?")
    assert reply.text == "The Team plan costs 9 euros [1]."
    assert [citation.id for citation in reply.citations] == [PRICE.id]
    assert watcher.tools.count(("search_knowledge", "finished")) == 2
    requests = await _journal(peer)
    assert len(requests) == 2


async def test_the_model_hands_over(make_llmock: MakeLlMock) -> None:
    escalate = {"name": "escalate_to_human", "arguments": json.dumps({"reason": "wants an invoice changed"})}
    peer = make_llmock([{"match": {"userMessage": "invoice"}, "response": {"toolCalls": [escalate]}}])
    reply, _ = await _respond(peer, "Please change my invoice of May")
    assert reply.escalation is not None
    assert reply.escalation.reason == "wants an invoice changed"


@pytest.mark.parametrize(
    "broken",
    [
        {"response": {"error": {"message": "no", "type": "server_error"}, "status": 500}},
        {"response": {"error": {"message": "slow down", "type": "rate_limit_error"}, "status": 429}},
        {"response": {"error": {"message": "bad key", "type": "auth", "code": "invalid_api_key"}, "status": 401}},
        {"response": {"content": ANSWER}, "truncateAfterChunks": 12, "chunkSize": 5},
        {"response": {"content": ANSWER}, "disconnectAfterMs": 60, "latency": 20, "chunkSize": 5},
        {"response": {"content": ""}},
    ],
    ids=["500", "429", "401", "truncated", "disconnected", "empty"],
)
async def test_what_goes_wrong_there_is_said_here(make_llmock: MakeLlMock, broken: dict[str, Any]) -> None:
    peer = make_llmock([{"match": ASKS, **broken}])
    reply, watcher = await _respond(peer)
    assert reply.kind is MessageKind.FAILURE
    assert reply.offers_person
    assert watcher.text_shown == ""


@pytest.mark.parametrize("flag", ["--chaos-ratelimit", "--chaos-drop", "--chaos-malformed", "--chaos-disconnect"])
async def test_a_peer_in_chaos(make_llmock: MakeLlMock, flag: str) -> None:
    peer = make_llmock([{"match": ASKS, "response": {"content": ANSWER}}], flag, "1")
    reply, watcher = await _respond(peer)
    assert reply.kind is MessageKind.FAILURE
    assert watcher.text_shown == ""
