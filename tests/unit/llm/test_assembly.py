"""Streamed fragments become whole tool calls, and an end that is none is an error."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.errors import ModelError
from core.llm.wire import Assembly, body, to_wire
from core.ports.chat_model import ChatMessage, ChatRequest, ToolCall, ToolSpec


def _chunk(delta: dict[str, Any] | None = None, *, finish: str | None = None) -> dict[str, Any]:
    choices = [] if delta is None and finish is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "x", "choices": choices}


def _call(index: int | None, **parts: Any) -> dict[str, Any]:
    function = {key: parts[key] for key in ("name", "arguments") if key in parts}
    return {"tool_calls": [{"index": index, "id": parts.get("id"), "function": function}]}


def test_two_calls_arrive_interleaved_and_leave_whole() -> None:
    assembly = Assembly()
    for delta in (
        _call(0, id="a", name="look", arguments=""),
        _call(1, id="b", name="find", arguments='{"q"'),
        _call(0, arguments='{"x": 1}'),
        _call(1, arguments=": 2}"),
    ):
        assert assembly.add(_chunk(delta)) == ""
    assembly.add(_chunk({}, finish="tool_calls"))
    assert assembly.finish().tool_calls == (ToolCall("a", "look", '{"x": 1}'), ToolCall("b", "find", '{"q": 2}'))


def test_servers_that_send_whole_calls_without_an_index() -> None:
    assembly = Assembly()
    assembly.add(_chunk(_call(None, id="a", name="look", arguments="{}")))
    assembly.add(_chunk(_call(None, id="b", name="look", arguments="{}")))
    assembly.add(_chunk({}, finish="stop"))
    assert [call.id for call in assembly.finish().tool_calls] == ["a", "b"]


def test_servers_that_give_every_whole_call_the_same_index() -> None:
    """As Ollama does."""
    assembly = Assembly()
    for name in ("a", "b", "c"):
        assembly.add(_chunk(_call(0, id=name, name="look", arguments=f'{{"{name}": 1}}')))
    assembly.add(_chunk({}, finish="tool_calls"))
    calls = assembly.finish().tool_calls
    assert [(call.id, call.arguments) for call in calls] == [(name, f'{{"{name}": 1}}') for name in ("a", "b", "c")]


def test_servers_that_name_a_call_anew_in_each_fragment() -> None:
    """As older versions of vLLM do."""
    assembly = Assembly()
    assembly.add(_chunk(_call(0, id="a", name="look", arguments="")))
    assembly.add(_chunk(_call(0, id="b", arguments='{"x"')))
    assembly.add(_chunk(_call(0, id="c", arguments=": 1}")))
    assembly.add(_chunk({}, finish="tool_calls"))
    assert assembly.finish().tool_calls == (ToolCall("a", "look", '{"x": 1}'),)


def test_text_in_parts_without_the_model_s_thoughts() -> None:
    """As Mistral's reasoning models send it."""
    thoughts = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    assembly = Assembly()
    assert assembly.add(_chunk({"content": [thoughts]})) == ""
    assert assembly.add(_chunk({"content": [thoughts, {"type": "text", "text": "Hello"}]})) == "Hello"


def test_text_and_chunks_without_choices_or_delta() -> None:
    assembly = Assembly()
    assert assembly.add(_chunk()) == ""
    assert assembly.add(_chunk({"content": "Hel"})) == "Hel"
    assert assembly.add(_chunk({"refusal": "no"})) == "no"
    assembly.add(_chunk(None, finish="stop"))
    assert assembly.finish().reason == "stop"


def test_an_end_that_is_none() -> None:
    with pytest.raises(ModelError, match="nothing that could be read"):
        Assembly().finish()
    cut = Assembly()
    cut.add(_chunk({"content": "Hel"}))
    with pytest.raises(ModelError, match="cut off"):
        cut.finish()
    for reason in ("error", "abort", "insufficient_system_resource"):
        broken = Assembly()
        broken.add(_chunk({"content": "Hel"}, finish=reason))
        with pytest.raises(ModelError, match=f"cut off.*{reason}"):
            broken.finish()
    full = Assembly()
    full.add(_chunk({"content": "Hel"}, finish="model_length"))
    assert full.finish().reason == "length"
    empty = Assembly()
    empty.add(_chunk({"content": " "}, finish="stop"))
    with pytest.raises(ModelError, match="answered nothing"):
        empty.finish()
    with pytest.raises(ModelError, match="content filter"):
        Assembly().add(_chunk({}, finish="content_filter"))


def test_requests_in_the_wire_shape() -> None:
    spec = ToolSpec("look", "Looks.", {"type": "object"})
    request = ChatRequest([ChatMessage("user", "hi")], tools=[spec], max_tokens=5)
    wire = body(request, limit_field="max_tokens")
    assert wire["max_tokens"] == 5
    assert wire["tools"][0]["function"]["name"] == "look"
    assert wire["stream_options"] == {"include_usage": True}
    assert "tools" not in body(ChatRequest([]), limit_field="max_tokens")
    asked = to_wire(ChatMessage("assistant", "", tool_calls=(ToolCall("a", "look", "{}"),)))
    assert asked["content"] is None
    assert to_wire(ChatMessage("tool", "r", tool_call_id="a")) == {"role": "tool", "tool_call_id": "a", "content": "r"}


def test_pictures_stand_behind_the_text_as_addresses_that_hold_them() -> None:
    wire = to_wire(ChatMessage("user", "See this:", pictures=(b"\xff\xd8", b"two")))
    assert wire["content"] == [
        {"type": "text", "text": "See this:"},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9g="}},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,dHdv"}},
    ]


@pytest.mark.parametrize(
    ("usage", "cached"),
    [
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}}, 4),
        ({"prompt_tokens": 9, "prompt_tokens_details": None}, 0),
        ({"prompt_tokens": 9, "prompt_tokens_details": ["odd"]}, 0),
        ({"prompt_tokens": 9, "completion_tokens": "many", "prompt_tokens_details": {"cached_tokens": None}}, 0),
    ],
)
def test_cached_tokens_are_read_and_odd_reports_break_nothing(usage: dict[str, Any], cached: int) -> None:
    assembly = Assembly()
    assembly.add({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]})
    assembly.add({"choices": [], "usage": usage})
    found = assembly.finish().usage
    assert (found["prompt_tokens"], found["cached_tokens"], found["completion_tokens"]) == (9, cached, 0)


def test_no_endpoint_gives_tokens_back_or_reports_more_than_there_are() -> None:
    assembly = Assembly()
    assembly.add({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "stop"}]})
    assembly.add({"choices": [], "usage": {"prompt_tokens": -9, "total_tokens": 10**15}})
    found = assembly.finish().usage
    assert (found["prompt_tokens"], found["total_tokens"]) == (0, 1_000_000_000)
