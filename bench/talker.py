"""``python -m bench.talker PORT``: an endpoint that streams one answer in pieces, and finds every sentence borne out.

BENCH_PIECE: the letters of a piece, a token's length unless it is set.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import deque
from typing import Any

from aiohttp import web

ANSWER = (
    "Click “Forgot password?” on the sign-in page and enter your e-mail address [1]. You get a message with a link within a few "
    "minutes [1].\n\n1. Open the link on the device that you want to sign in with [1].\n2. Choose a new password, and confirm it "
    "[1].\n\nDoes the message not arrive? Then look into the folder for spam first, and ask the administrator of your "
    "workspace [1]."
)
_PIECE = int(os.environ.get("BENCH_PIECE", "5"))
_ASKED: deque[dict[str, Any]] = deque(maxlen=64)
_SPOKE: deque[float] = deque([0.0], maxlen=1)


def pieces(text: str) -> list[str]:
    """As tokens come: a few letters each, unless BENCH_PIECE says otherwise."""
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def _answer(asked: dict[str, Any]) -> str:
    last = asked["messages"][-1]["content"]
    if not last.startswith("{"):
        return ANSWER
    return json.dumps({one["id"]: "supported" for one in json.loads(last)["sentences"]})


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = await request.json()
    _ASKED.append(asked)
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    answer = _answer(asked)
    if answer == ANSWER:
        _SPOKE.append(time.monotonic())
    for piece in pieces(answer):
        await response.write(_event({"content": piece}))
        await asyncio.sleep(0)
    await response.write(_event({}, finish="stop") + b"data: [DONE]\n\n")
    return response


def _event(delta: dict[str, Any], *, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


async def _asked(_: web.Request) -> web.Response:
    """The requests since the last look."""
    asked = list(_ASKED)
    _ASKED.clear()
    return web.json_response(asked)


async def _spoke(_: web.Request) -> web.Response:
    """When the last answer began, on the machine's monotonic clock."""
    return web.json_response(_SPOKE[-1])


async def _live(_: web.Request) -> web.Response:
    return web.Response()


if __name__ == "__main__":
    app = web.Application()
    app.router.add_post("/v1/chat/completions", _complete)
    app.router.add_get("/asked", _asked)
    app.router.add_get("/spoke", _spoke)
    app.router.add_get("/health/live", _live)
    web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
