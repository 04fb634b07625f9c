"""A client that does not keep to the protocol: plain HTTP and WebSocket frames, any bytes in any order."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import WSMsgType

from tests.servers.hub import Hub

_PATIENCE = 180.0


@dataclass
class Answer:
    """What came back over HTTP."""

    status: int
    media_type: str
    headers: Any
    body: Any

    @property
    def problem(self) -> tuple[int, str]:
        """Status and code of a problem document that is one in form, too (RFC 9457)."""
        assert self.media_type == "application/problem+json", (self.status, self.media_type, self.body)
        assert set(self.body) == {"type", "title", "status", "detail", "code"}
        assert self.body["status"] == self.status
        assert self.body["detail"]
        return self.status, self.body["code"]


class Socket:
    """One WebSocket. ``next`` gives frames as they come."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.seen: list[dict[str, Any]] = []

    async def send(self, **frame: Any) -> None:
        """A frame in due form."""
        await self.ws.send_str(json.dumps(frame))

    async def next(self) -> dict[str, Any]:
        """The next frame; a closed line fails the test."""
        message = await self.ws.receive(timeout=_PATIENCE)
        assert message.type is WSMsgType.TEXT, (message, self.ws.close_code)
        frame: dict[str, Any] = json.loads(message.data)
        self.seen.append(frame)
        return frame

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of a type."""
        while (frame := await self.next())["type"] != kind:
            pass
        return frame

    async def refusal(self) -> tuple[str, str | None]:
        """Code and client_id of the next error frame; its sentence must not be empty."""
        frame = await self.until("error")
        assert frame["detail"]
        return frame["code"], frame.get("client_id")

    async def code(self) -> int | None:
        """The close code, once the server has closed."""
        while (await self.ws.receive(timeout=_PATIENCE)).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            pass
        return self.ws.close_code


@dataclass
class Visitor:
    """With a session of its own."""

    hub: Hub
    http: aiohttp.ClientSession
    session: dict[str, Any]

    @property
    def id(self) -> str:
        """The session's id."""
        return str(self.session["session_id"])

    @property
    def messages_path(self) -> str:
        """Where it posts messages."""
        return f"/api/chat/sessions/{self.id}/messages"

    @property
    def files_path(self) -> str:
        """Where it uploads files."""
        return f"/api/sessions/{self.id}/attachments"

    async def call(self, method: str, path: str, *, token: str | None = "own", **options: Any) -> Answer:
        """One request, with this visitor's token unless another one (or None) is given."""
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers.setdefault("Authorization", f"Bearer {self.session['token'] if token == 'own' else token}")
        async with self.http.request(method, self.hub.url + path, headers=headers, **options) as answer:
            raw = await answer.read()
            body = json.loads(raw) if "json" in answer.content_type else raw
            return Answer(answer.status, answer.content_type, answer.headers, body)

    async def say(self, text: Any, client_id: Any = "c1", **fields: Any) -> Answer:
        """Post a message and wait for its answer."""
        return await self.call("POST", self.messages_path, json={"message": text, "client_id": client_id, **fields})

    async def upload(self, name: str, content: bytes, media_type: str = "application/octet-stream") -> Answer:
        """Send one file."""
        form = aiohttp.FormData()
        form.add_field("file", io.BytesIO(content), filename=name, content_type=media_type)
        return await self.call("POST", self.files_path, data=form)

    @asynccontextmanager
    async def socket(self, *, token: str | None = "own", **headers: str) -> AsyncIterator[Socket]:
        """A WebSocket; authenticated unless ``token`` is None."""
        async with self.http.ws_connect(self.hub.ws_url, headers=headers, max_msg_size=0) as ws:
            socket = Socket(ws)
            if token is not None:
                await socket.send(type="auth", token=self.session["token"] if token == "own" else token)
            yield socket


@asynccontextmanager
async def visiting(hub: Hub) -> AsyncIterator[Visitor]:
    """A new visitor of ``hub``."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
        async with http.post(f"{hub.url}/api/sessions", json={}) as answer:
            assert answer.status == 200
            session = await answer.json()
        yield Visitor(hub, http, session)
