"""A language model on loopback that refunds what a customer asks for, often more than once."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from aiohttp import web

from config.simulation.loopback import LoopbackServer

Json = dict[str, Any]
CHECKS, ANSWERS = "checks", "answers"
PAID, UNKNOWN, NOT_MADE = "is paid back", "cannot tell whether", "was not made"
_RUN = re.compile(r"run (\d+)")
_CALL = {"name": "refund_order", "arguments": json.dumps({"order": 1001, "body": {"amount": 10}})}


class Habit(StrEnum):
    """How a model asks for the refund that the customer confirmed."""

    ONCE = "asks once"
    TWICE_IN_ONE_STEP = "asks twice in one step"
    AGAIN = "asks again in the next step"
    AGAIN_AND_AGAIN = "asks again in three more steps"


_MOST_STEPS = {Habit.ONCE: 1, Habit.TWICE_IN_ONE_STEP: 1, Habit.AGAIN: 2, Habit.AGAIN_AND_AGAIN: 4}


class ForgetfulModel:
    """``habits``: by the number of the run that stands in the customer's message. ``url``: as in OPENAI_BASE_URL."""

    def __init__(self, habits: Sequence[Habit]) -> None:
        self._habits = habits
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        self._server = LoopbackServer(app)

    @property
    def url(self) -> str:
        return str(self._server.make_url("/v1"))

    async def __aenter__(self) -> ForgetfulModel:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._server.close()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        asked: Json = await request.json()
        messages: list[Json] = asked["messages"]
        delta = _verdict(messages) if asked["model"] == CHECKS else self._said(messages)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        reason = "tool_calls" if "tool_calls" in delta else "stop"
        chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        with contextlib.suppress(ConnectionError):  # the hub was killed meanwhile
            await response.prepare(request)
            await response.write(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n".encode())
            await response.write_eof()
        return response

    def _said(self, messages: Sequence[Json]) -> Json:
        runs = [found[1] for one in messages if one["role"] == "user" for found in _RUN.finditer(_text(one))]
        habit = self._habits[int(runs[-1])]
        last = max(place for place, one in enumerate(messages) if one["role"] == "user")
        results = [_text(one) for one in messages[last:] if one["role"] == "tool"]
        steps = sum(bool(one.get("tool_calls")) for one in messages[last:])
        if any("Not run yet" in one for one in results):
            return {"content": "This would pay back 10 EUR of order 1001."}
        if steps < _MOST_STEPS[habit]:
            times = 2 if habit is Habit.TWICE_IN_ONE_STEP else 1
            calls = [{"index": at, "id": f"call-{steps}-{at}", "function": _CALL} for at in range(times)]
            return {"tool_calls": calls}
        if any('"paid back"' in one for one in results):
            return {"content": f"The refund of 10.00 EUR for order 1001 {PAID}."}
        unknown = any("outcome of this call is unknown" in one for one in results)
        return {"content": f"I {UNKNOWN} the refund was made." if unknown else f"The refund {NOT_MADE}."}


def _verdict(messages: Sequence[Json]) -> Json:
    question: Mapping[str, Any] = json.loads(_text(messages[-1]))
    ids = [one["id"] for one in question["sentences"]] if "sentences" in question else [question["id"]]
    return {"content": json.dumps(dict.fromkeys(ids, True))}


def _text(message: Json) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
