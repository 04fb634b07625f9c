"""A model that refuses temperature or reasoning effort is asked without it: no answer is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from core.domain.errors import ModelError
from core.llm.openai_chat import OpenAIChat
from core.ports.chat_model import AnswerFormat, ChatMessage, ChatRequest, TextDelta
from tests.contract.responders.world import SteppingClock
from tests.integration.llm.wire_server import DONE, Behaviour, WireServer, chunk, model_at, refuse, serving, stream

REQUEST = ChatRequest([ChatMessage("user", "hi")], temperature=0.2, reasoning_effort="high")
TEXT = stream(chunk("Hello"), chunk(finish="stop"), DONE)
NO_EFFORT = refuse(400, message="Unsupported parameter: 'reasoning_effort'")
NO_THINKING = refuse(400, message="“small” does not support thinking")
NO_TEMPERATURE = refuse(400, message="'temperature' does not support 0.2 with this model.")
UNNAMED = refuse(422, message="Bad request.")


@asynccontextmanager
async def _model(*behaviours: Behaviour) -> AsyncIterator[tuple[OpenAIChat, WireServer]]:
    async with serving(*behaviours) as server:
        model = OpenAIChat(model_at(server.url), SteppingClock())
        try:
            yield model, server
        finally:
            await model.aclose()


async def _answer(model: OpenAIChat, request: ChatRequest = REQUEST) -> str:
    return "".join([item.text async for item in model.stream(request) if isinstance(item, TextDelta)])


def _sent(server: WireServer) -> list[str]:
    """What each request held: f, t and r for format, temperature and reasoning effort."""
    names = {"response_format": "f", "temperature": "t", "reasoning_effort": "r"}
    return ["".join(sign for name, sign in names.items() if name in body) for body in server.requests]


async def test_both_are_sent() -> None:
    async with _model(TEXT) as (model, server):
        assert await _answer(model) == "Hello"
        assert await _answer(model, replace(REQUEST, temperature=None, reasoning_effort=None)) == "Hello"
    assert (server.requests[0]["temperature"], server.requests[0]["reasoning_effort"]) == (0.2, "high")
    assert _sent(server) == ["tr", ""]


@pytest.mark.parametrize(
    ("refusals", "sent"),
    [
        ([NO_EFFORT], ["tr", "t"]),
        ([NO_THINKING], ["tr", "t"]),
        ([NO_TEMPERATURE], ["tr", "r"]),
        ([NO_TEMPERATURE, NO_EFFORT], ["tr", "r", ""]),
        ([UNNAMED], ["tr", "t"]),
        ([UNNAMED, UNNAMED], ["tr", "t", ""]),
    ],
)
async def test_a_refusal_is_answered_without_what_it_names(refusals: list[Behaviour], sent: list[str]) -> None:
    async with _model(*refusals, TEXT) as (model, server):
        assert await _answer(model) == "Hello"
    assert _sent(server) == sent


async def test_three_refusals_in_a_row_are_believed() -> None:
    async with _model(NO_EFFORT, TEXT, NO_EFFORT, TEXT, NO_EFFORT, TEXT) as (model, server):
        assert [await _answer(model) for _ in range(5)] == ["Hello"] * 5
    assert _sent(server) == ["tr", "t"] * 3 + ["t", "t"]


async def test_refusals_with_answers_in_between_are_not() -> None:
    async with _model(*[NO_EFFORT, TEXT, NO_EFFORT, TEXT, TEXT] * 2, TEXT) as (model, server):
        assert [await _answer(model) for _ in range(7)] == ["Hello"] * 7
    assert _sent(server)[-1] == "tr"


async def test_a_format_and_an_option_that_are_both_refused() -> None:
    no_format = refuse(400, message="response_format is not supported")
    request = replace(REQUEST, answer_format=AnswerFormat("answer", {"type": "object"}))
    async with _model(no_format, NO_EFFORT, TEXT) as (model, server):
        assert await _answer(model, request) == "Hello"
    assert _sent(server) == ["ftr", "tr", "t"]


async def test_a_format_is_not_given_up_for_the_refusal_of_an_option_that_is_not_named() -> None:
    request = replace(REQUEST, answer_format=AnswerFormat("answer", {"type": "object"}))
    async with _model(*[UNNAMED, UNNAMED, TEXT] * 3, TEXT) as (model, server):
        assert [await _answer(model, request) for _ in range(4)] == ["Hello"] * 4
    assert _sent(server) == ["ftr", "tr", "t"] * 3 + ["ft"]


async def test_what_is_refused_for_another_reason_ends() -> None:
    async with _model(UNNAMED) as (model, server):
        with pytest.raises(ModelError, match="422"):
            await _answer(model)
    assert _sent(server) == ["tr", "t", ""]


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
async def test_other_refusals_leave_options_alone(status: int) -> None:
    async with _model(refuse(status, message="about reasoning and temperature")) as (model, server):
        with pytest.raises(ModelError):
            await _answer(model)
    assert set(_sent(server)) == {"tr"}
