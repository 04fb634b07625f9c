"""Structured answers at endpoints that take them, refuse them, ignore them and change their mind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.domain.errors import ModelError
from core.llm.openai_chat import OpenAIChat
from core.ports.chat_model import AnswerFormat, ChatMessage, ChatRequest, TextDelta, ToolSpec
from tests.contract.responders.world import SteppingClock
from tests.integration.llm.wire_server import DONE, Behaviour, WireServer, chunk, model_at, refuse, serving, stream

SCHEMA = {"type": "object", "properties": {"parts": {"type": "array"}}}
REQUEST = ChatRequest(
    [ChatMessage("system", "Be kind."), ChatMessage("user", "hi")],
    tools=[ToolSpec("look", "Looks.", {"type": "object"})],
    answer_format=AnswerFormat("answer", SCHEMA, "Answer in parts."),
)
PARTS = stream(chunk(' {"pa'), chunk('rts":[]}'), chunk(finish="stop"), DONE)
TEXT = stream(chunk("Hel"), chunk("lo"), chunk(finish="stop"), DONE)
CALL = stream(
    chunk("Let me look."),
    chunk(tool_calls=[{"index": 0, "id": "a", "function": {"name": "look", "arguments": "{}"}}]),
    chunk(finish="tool_calls"),
    DONE,
)
REFUSED = refuse(400, message="response_format of type json_schema is not supported")
UNNAMED = refuse(400, message="Bad request.")


@asynccontextmanager
async def _model(*behaviours: Behaviour, **settings: Any) -> AsyncIterator[tuple[OpenAIChat, WireServer]]:
    async with serving(*behaviours) as server:
        model = OpenAIChat(model_at(server.url, **settings), SteppingClock())
        try:
            yield model, server
        finally:
            await model.aclose()


async def _answers(model: OpenAIChat, times: int) -> list[str]:
    return [
        "".join([item.text async for item in model.stream(REQUEST) if isinstance(item, TextDelta)])
        for _ in range(times)
    ]


def _asked_for(server: WireServer) -> Sequence[bool]:
    return ["response_format" in body for body in server.requests]


async def test_the_schema_is_sent_beside_the_tools_in_a_stream() -> None:
    async with _model(PARTS) as (model, server):
        assert await _answers(model, 1) == [' {"parts":[]}']
    [body] = server.requests
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
    }
    assert body["stream"] is True
    assert [tool["function"]["name"] for tool in body["tools"]] == ["look"]
    assert [message["content"] for message in body["messages"]] == ["Be kind.\n\nAnswer in parts.", "hi"]


async def test_a_refusal_is_answered_in_text_in_the_same_turn_without_a_pause() -> None:
    async with _model(REFUSED, TEXT) as (model, server):
        assert await _answers(model, 1) == ["Hello"]
    assert _asked_for(server) == [True, False]
    assert server.requests[1]["messages"][0]["content"] == "Be kind."


@pytest.mark.parametrize("status", [400, 404, 415, 422, 500, 501])
async def test_three_refusals_in_a_row_switch_it_off(status: int) -> None:
    refused = refuse(status, message="Unsupported.")
    async with _model(refused, TEXT, refused, TEXT, refused, TEXT) as (model, server):
        assert await _answers(model, 5) == ["Hello"] * 5
    assert _asked_for(server) == [True, False] * 3 + [False] * 2


async def test_one_refusal_between_good_answers_switches_nothing_off() -> None:
    turns = [PARTS, REFUSED, TEXT, REFUSED, TEXT] * 3
    async with _model(*turns, PARTS) as (model, server):
        await _answers(model, 10)
    assert _asked_for(server) == [True, True, False, True, False] * 3 + [True]


async def test_refusals_that_a_customer_can_provoke_count_for_nothing() -> None:
    """A filter that stops every second request says nothing of the format, once that has worked."""
    async with _model(PARTS, *[UNNAMED, TEXT] * 4, PARTS) as (model, server):
        await _answers(model, 6)
    assert _asked_for(server) == [True] + [True, False] * 4 + [True]


async def test_what_is_refused_without_the_format_as_well_counts_for_nothing() -> None:
    async with _model(*[REFUSED, REFUSED] * 4, PARTS) as (model, server):
        for _ in range(4):
            with pytest.raises(ModelError, match="400"):
                await _answers(model, 1)
        await _answers(model, 1)
    assert _asked_for(server) == [True, False] * 4 + [True]


async def test_five_plain_answers_in_a_row_switch_it_off() -> None:
    async with _model(TEXT) as (model, server):
        assert await _answers(model, 7) == ["Hello"] * 7
    assert _asked_for(server) == [True] * 5 + [False] * 2


async def test_words_before_a_tool_call_are_no_answer() -> None:
    async with _model(CALL) as (model, server):
        await _answers(model, 7)
    assert _asked_for(server) == [True] * 7


@pytest.mark.parametrize(("choice", "asked"), [("parts", [True, False] * 4), ("text", [False] * 4)])
async def test_the_operator_decides(choice: str, asked: list[bool]) -> None:
    turns = [REFUSED, TEXT] * 4 if choice == "parts" else [TEXT]
    async with _model(*turns, answer_format=choice) as (model, server):
        await _answers(model, 4)
    assert _asked_for(server) == asked


async def test_an_overloaded_endpoint_is_asked_again_with_the_format() -> None:
    async with _model(refuse(429, retry_after="3"), PARTS) as (model, server):
        await _answers(model, 1)
    assert _asked_for(server) == [True, True]
