"""The chat model against servers that refuse, stall, break off and talk nonsense."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import encode_basic_auth, web

from config.agent_parts import chat_settings
from config.settings import read_settings
from core.domain.errors import ModelError
from core.llm.openai_chat import OpenAIChat
from core.ports.chat_model import ChatMessage, ChatRequest, Finished, TextDelta, ToolCall, ToolSpec
from tests.contract.responders.world import SteppingClock
from tests.integration.llm.wire_server import (
    DONE,
    WireServer,
    chunk,
    keep_alive,
    model_at,
    refuse,
    refuse_with,
    serving,
    stream,
)

REQUEST = ChatRequest(
    [ChatMessage("user", "hi")], tools=[ToolSpec("look", "Looks.", {"type": "object"})], max_tokens=50
)
GOOD = stream(chunk("Hel"), chunk("lo"), chunk(finish="stop"), DONE)


async def _ask(
    server: WireServer, request: ChatRequest = REQUEST, clock: SteppingClock | None = None, **settings: Any
) -> tuple[str, Finished]:
    model = OpenAIChat(model_at(server.url, **settings), clock or SteppingClock())
    try:
        text = ""
        async for item in model.stream(request):
            match item:
                case TextDelta():
                    text += item.text
                case Finished():
                    return text, item
        raise AssertionError("no end")
    finally:
        await model.aclose()


@pytest.fixture
async def released() -> AsyncIterator[asyncio.Event]:
    """Lets a stalling server go when the test is over."""
    event = asyncio.Event()
    yield event
    event.set()


async def test_a_good_answer_and_the_request_behind_it() -> None:
    async with serving(GOOD) as server:
        text, end = await _ask(server, replace(REQUEST, temperature=0.2))
    assert (text, end.reason) == ("Hello", "stop")
    [body] = server.requests
    assert body["model"] == "m"
    assert body["max_tokens"] == 50
    assert body["temperature"] == 0.2
    assert server.paths == ["/v1/chat/completions"]
    assert server.headers[0]["authorization"] == "Bearer k"


async def test_an_end_without_the_done_line_is_still_an_end() -> None:
    async with serving(stream(chunk("Hello"), chunk(finish="stop"))) as server:
        assert (await _ask(server))[0] == "Hello"


async def test_an_event_may_come_in_several_lines_that_end_as_on_windows() -> None:
    pretty = "\r\n".join(
        [": hello", "event: message", 'data: {"choices": [', 'data:{"delta": {"content": "Hello"}}]}', "", ""]
    )
    async with serving(stream(pretty, chunk(finish="stop"), DONE)) as server:
        assert (await _ask(server))[0] == "Hello"


async def test_the_last_event_may_end_with_the_stream() -> None:
    async with serving(stream(chunk("Hello"), chunk(finish="stop").rstrip())) as server:
        assert (await _ask(server))[0] == "Hello"


async def test_the_next_request_goes_over_the_same_connection() -> None:
    async with serving(GOOD) as server:
        model = OpenAIChat(model_at(server.url), SteppingClock())
        for _ in range(3):
            assert [item async for item in model.stream(REQUEST)]
        await model.aclose()
    assert len(server.requests) == 3
    assert len(server.connections) == 1


async def test_chunks_that_come_fast_are_handled_together() -> None:
    letters = "Hello, how are you doing today?"
    async with serving(stream(*map(chunk, letters), chunk(finish="stop"), DONE)) as server:
        model = OpenAIChat(model_at(server.url), SteppingClock())
        *deltas, _ = [item async for item in model.stream(REQUEST)]
        await model.aclose()
    assert "".join(one.text for one in deltas if isinstance(one, TextDelta)) == letters
    assert len(deltas) < len(letters) / 2


async def _ask_as_configured() -> Finished:
    model = OpenAIChat(chat_settings(read_settings()), SteppingClock())
    items = [item async for item in model.stream(REQUEST)]
    await model.aclose()
    assert isinstance(items[-1], Finished)
    return items[-1]


@pytest.mark.parametrize("scheme", ["http://", ""])
async def test_the_environment_s_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    async with serving(GOOD) as server:
        monkeypatch.setenv("http_proxy", f"{scheme}{server.origin.removeprefix('http://')}")
        monkeypatch.setenv("no_proxy", "other.example")
        monkeypatch.setenv("OPENAI_BASE_URL", "http://model.example/v1")
        await _ask_as_configured()
    assert server.headers[0]["host"] == "model.example"


async def test_no_proxy_is_asked_for_an_address_that_is_excepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with serving(GOOD) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/")
        await _ask_as_configured()
    assert server.paths == ["/v1/chat/completions"]


async def test_an_address_with_a_login_is_asked_with_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    async with serving(GOOD) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("//", "//ann:secret@"))
        await _ask_as_configured()
    assert server.headers[0]["authorization"] == encode_basic_auth("ann", "secret")


def test_who_is_billed_is_told_to_openai_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_1")
    billed = {"openai-organization": "org-1", "openai-project": "proj_1"}
    assert chat_settings(read_settings()).headers == {"authorization": "Bearer k", **billed}
    monkeypatch.setenv("OPENAI_BASE_URL", "http://model.example/v1")
    assert chat_settings(read_settings()).headers == {"authorization": "Bearer k"}


async def test_a_key_that_no_header_can_hold_is_an_error_of_the_model_s() -> None:
    async with serving(GOOD) as server:
        model = OpenAIChat(replace(model_at(server.url), headers={"authorization": "Bearer a\nb"}), SteppingClock())
        with pytest.raises(ModelError, match="ValueError"):
            await anext(aiter(model.stream(REQUEST)))
        await model.aclose()
    assert server.requests == []


async def test_a_redirect_is_not_followed_since_the_key_is_for_one_address() -> None:
    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={"location": f"{other.url}/chat/completions"})

    async with serving(GOOD) as other, serving(elsewhere) as server:
        with pytest.raises(ModelError, match="another address"):
            await _ask(server)
    assert other.requests == []


async def test_a_refusal_that_breaks_off_is_told_by_its_status() -> None:
    async def break_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=401, headers={"content-length": "1000"})
        await response.prepare(request)
        await response.write(b'{"error"')
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(break_off) as server:
        with pytest.raises(ModelError, match="credentials"):
            await _ask(server)
    assert len(server.requests) == 1


async def test_a_refusal_in_several_packets_is_read_whole() -> None:
    async def refuse_slowly(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=400)
        await response.prepare(request)
        for part in (b'{"error": {"mess', b'age": "no", "co', b'de": "too_long"}}'):
            await response.write(part)
            await asyncio.sleep(0.02)
        return response

    async with serving(refuse_slowly) as server:
        with pytest.raises(ModelError, match=r"400 \(too_long\)"):
            await _ask(server)


async def test_tool_calls_are_assembled() -> None:
    first = chunk(
        tool_calls=[{"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": ""}}]
    )
    rest = chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"x": 1}'}}])
    async with serving(stream(first, rest, chunk(finish="tool_calls"), DONE)) as server:
        assert (await _ask(server))[1].tool_calls == (ToolCall("a", "look", '{"x": 1}'),)


@pytest.mark.parametrize(
    ("behaviour", "says"),
    [
        (stream(chunk("Hel")), "cut off"),
        (stream(chunk("Hel"), DONE), "cut off"),
        (stream(chunk("Hel"), abort=True), "hung up|cut off"),
        (stream(DONE), "nothing that could be read"),
        (stream("no event at all\n\n"), "nothing that could be read"),
        (stream("data: {not json\n\n", DONE), "could not be read"),
        (stream('data: ["a", "list"]\n\n', DONE), "could not be read|nothing|cut off"),
        (stream(chunk(finish="stop"), DONE), "answered nothing"),
        (stream(chunk("Hel"), chunk(finish="content_filter"), DONE), "content filter"),
        (stream(chunk("Hel"), 'data: {"error": {"message": "overloaded"}}\n\n'), "could not be read"),
        (stream(f"data: {'[' * 60_000}\n\n", DONE), "could not be read"),
        (refuse_with("[" * 60_000), "400"),
        (refuse(401, code="invalid_api_key"), "refused the credentials"),
        (refuse(403), "refused the credentials"),
        (refuse(400, code="content_filter"), "400"),
        (refuse(404, code="model_not_found"), "model_not_found"),
        (refuse(429, code="insufficient_quota"), "insufficient_quota"),
    ],
    ids=[
        "cut",
        "cut with done",
        "hang-up",
        "only done",
        "no events",
        "bad json",
        "wrong json",
        "empty",
        "filter",
        "error in stream",
        "deep json",
        "deep refusal",
        "401",
        "403",
        "400",
        "404",
        "quota",
    ],
)
async def test_what_cannot_be_mended_fails_at_once(behaviour: Any, says: str) -> None:
    clock = SteppingClock()
    async with serving(behaviour) as server:
        with pytest.raises(ModelError, match=says):
            await _ask(server, clock=clock)
    assert len(server.requests) == 1
    assert clock.slept == []


async def test_a_pause_that_was_asked_for_is_kept() -> None:
    clock = SteppingClock()
    async with serving(refuse(429, retry_after="3"), GOOD) as server:
        assert (await _ask(server, clock=clock))[0] == "Hello"
    assert clock.slept == [3.0]


async def test_a_pause_in_milliseconds() -> None:
    clock = SteppingClock()
    async with serving(refuse(429, retry_after_ms="250", retry_after="9"), GOOD) as server:
        await _ask(server, clock=clock)
    assert clock.slept == [0.25]


async def test_a_pause_past_the_budget_fails_without_waiting() -> None:
    clock = SteppingClock()
    async with serving(refuse(429, retry_after="600"), GOOD) as server:
        with pytest.raises(ModelError, match="over its limit"):
            await _ask(server, clock=clock)
    assert clock.slept == []


@pytest.mark.parametrize("status", [500, 502, 503, 529, 408])
async def test_a_server_that_stumbles_is_asked_again(status: int) -> None:
    clock = SteppingClock()
    async with serving(refuse(status), refuse(status), GOOD) as server:
        assert (await _ask(server, clock=clock))[0] == "Hello"
    assert len(clock.slept) == 2
    assert clock.slept[0] <= 0.5


async def test_a_server_that_keeps_stumbling_is_given_up() -> None:
    async with serving(refuse(500)) as server:
        with pytest.raises(ModelError, match="500"):
            await _ask(server, max_attempts=3)
    assert len(server.requests) == 3


async def test_nobody_there() -> None:
    async with serving(GOOD) as server:
        pass
    clock = SteppingClock()
    with pytest.raises(ModelError, match="could not be reached"):
        await _ask(server, clock=clock)
    assert len(clock.slept) == 3


async def test_silence_before_the_first_word(released: asyncio.Event) -> None:
    async with serving(stream(stall=released)) as server:
        with pytest.raises(ModelError, match="stalled"):
            await _ask(server, first_chunk_seconds=0.1)
        released.set()


async def test_silence_in_the_middle(released: asyncio.Event) -> None:
    async with serving(stream(chunk("Hel"), stall=released)) as server:
        with pytest.raises(ModelError, match="stalled"):
            await _ask(server, idle_seconds=0.1)
        released.set()


async def test_keep_alive_comments_are_no_sign_of_life(released: asyncio.Event) -> None:
    async with serving(keep_alive(chunk("Hel"), released)) as server:
        with pytest.raises(ModelError, match="stalled"):
            await _ask(server, idle_seconds=0.2)
        released.set()


async def test_azure_asks_the_deployment_with_its_version_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(GOOD) as server:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", server.origin)
        monkeypatch.setenv("AZURE_OPENAI_DEPLOYMENT", "dep")
        monkeypatch.setenv("AZURE_OPENAI_API_KEY", "azure-key")
        monkeypatch.setenv("AZURE_OPENAI_API_VERSION", "2025-04-01-preview")
        await _ask_as_configured()
    assert server.paths == ["/openai/deployments/dep/chat/completions?api-version=2025-04-01-preview"]
    assert server.headers[0]["api-key"] == "azure-key"
    assert server.requests[0]["max_completion_tokens"] == 50
