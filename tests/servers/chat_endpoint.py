"""A language model on loopback that a test scripts, behind OpenAI's protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from config.simulation.loopback import LoopbackServer

Json = dict[str, Any]
CHECKS, ANSWERS = "checks", "answers"
"""The model's names: what verifies and says what customers want, and what answers."""


class ChatEndpoint:
    """``says``: what the model answers to these messages, as a delta of the protocol. ``url``: as in OPENAI_BASE_URL.

    ``refuses``: sentences that what verifies calls unsupported. ``held``: the next answer takes it, and waits for it.
    """

    def __init__(
        self, says: Callable[[Sequence[Json]], Json], refuses: Callable[[str], bool] = lambda _text: False
    ) -> None:
        self._says = says
        self._refuses = refuses
        self.held: asyncio.Event | None = None
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._server = LoopbackServer(app)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/v1"))

    async def __aenter__(self) -> ChatEndpoint:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._server.close()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked: Json = await request.json()
        messages: list[Json] = asked["messages"]
        if asked["model"] == CHECKS:
            delta = self._verdict(messages)
        else:
            held, self.held = self.held, None
            if held is not None:
                await held.wait()
            delta = self._says(messages)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        reason = "tool_calls" if "tool_calls" in delta else "stop"
        chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        with contextlib.suppress(ConnectionError):  # the hub was killed meanwhile
            await response.prepare(request)
            await response.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
            await response.write_eof()
        return response

    def _verdict(self, messages: Sequence[Json]) -> Json:
        question: Mapping[str, Any] = json.loads(text_of(messages[-1]))
        if "sentences" not in question:
            return {"content": json.dumps({question["id"]: True})}
        verdicts = {one["id"]: not self._refuses(one["text"]) for one in question["sentences"]}
        return {"content": json.dumps(verdicts)}


def tool_calls(step: int, *calls: tuple[str, Json]) -> Json:
    """What a model says that calls these tools."""
    return {
        "tool_calls": [
            {"index": at, "id": f"call-{step}-{at}", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for at, (name, arguments) in enumerate(calls)
        ]
    }


def results_of(messages: Sequence[Json]) -> list[str]:
    """What the tools gave since the customer's last message."""
    last = max(place for place, one in enumerate(messages) if one["role"] == "user")
    return [text_of(one) for one in messages[last:] if one["role"] == "tool"]


def text_of(message: Json) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
