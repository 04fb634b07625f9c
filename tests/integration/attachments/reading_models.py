"""An endpoint whose models see pictures and hear recordings, as OpenAI's does: it keeps what it was sent."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.integration.llm.wire_server import DONE, chunk

_FILE: Final = re.compile(r'<source number="(\d+)" title="invoice.jpg"')


@dataclass
class ReadingModels:
    """``shown``: what a picture shows; None refuses pictures, as models do that see none.

    ``heard``: what is said in recordings; None refuses their format. ``answer``: to all else, with ``{file}`` for the number of
    the customer's file; None refuses it. ``failures``: statuses that recordings are answered with before.
    ``hangs``: nothing is answered. ``ends``: the reason with which a picture's answer ends. ``refusal``: the code of a refusal.
    """

    shown: str | None = None
    heard: str | None = None
    answer: str | None = None
    failures: list[int] = field(default_factory=list)
    pictures: list[list[dict[str, Any]]] = field(default_factory=list)
    recordings: list[dict[str, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    hangs: bool = False
    ends: str = "stop"
    refusal: str | None = None
    end: asyncio.Event = field(default_factory=asyncio.Event)

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """POST /chat/completions, streamed."""
        body = await request.json()
        parts = body["messages"][-1]["content"]
        said = self.answer
        if isinstance(parts, list):
            self.pictures.append(parts)
            said = self.shown
        else:
            self.asked.append(body)
            found = _FILE.search(str(body["messages"]))
            said = said and said.replace("{file}", found[1] if found else "0")
        if self.hangs:
            await self.end.wait()
        if said is None:
            error: dict[str, Any] = {"code": self.refusal} | {
                "message": "Invalid content type. image_url is only supported by certain models."
            }
            return web.json_response({"error": error}, status=400)
        text = chunk(said) + chunk(finish=self.ends if isinstance(parts, list) else "stop") + DONE
        return web.Response(text=text, content_type="text/event-stream")

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        """POST /audio/transcriptions, a form."""
        form = await request.post()
        file = form["file"]
        assert isinstance(file, web.FileField)
        sent = {"name": file.filename, "content": file.file.read(), "model": form["model"]}
        self.recordings.append(sent | {"authorization": request.headers.get("Authorization")})
        if self.hangs:
            await self.end.wait()
        if self.failures:
            return web.json_response({"error": {"message": "later"}}, status=self.failures.pop(0))
        if self.heard is None:
            return web.json_response({"error": {"message": "Invalid file format."}}, status=400)
        return web.json_response({"text": self.heard, "usage": {"type": "duration", "seconds": 2}})


@asynccontextmanager
async def reading_models(**given: Any) -> AsyncIterator[ReadingModels]:
    """On a free port of loopback."""
    models = ReadingModels(**given)
    app = web.Application(client_max_size=30 * 2**20)
    app.router.add_post("/v1/chat/completions", models.complete)
    app.router.add_post("/v1/audio/transcriptions", models.transcribe)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        models.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        yield models
    finally:
        models.end.set()
        await runner.cleanup()
