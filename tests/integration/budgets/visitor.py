"""A client of a running hub with an address of its own, as a trusted proxy names it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

PROXIED = {"TRUSTED_PROXIES": "127.0.0.0/8"}


@dataclass(frozen=True)
class Answer:
    """What the hub answered."""

    status: int
    body: Any
    headers: Any


@dataclass
class Visitor:
    """``address`` is where the requests come from."""

    http: aiohttp.ClientSession
    url: str
    address: str

    async def call(self, method: str, path: str, token: str | None = None, **options: Any) -> Answer:
        """One request."""
        headers = {"X-Forwarded-For": self.address} | ({"Authorization": f"Bearer {token}"} if token else {})
        async with self.http.request(method, self.url + path, headers=headers, **options) as response:
            return Answer(response.status, await response.json(content_type=None), response.headers)

    async def session(self, **body: Any) -> dict[str, Any]:
        """A new session."""
        answer = await self.call("POST", "/api/sessions", json=body)
        assert answer.status == 200, answer
        opened: dict[str, Any] = answer.body
        return opened

    async def say(self, session: dict[str, Any], text: str, **options: Any) -> Answer:
        """POST a message."""
        path = f"/api/chat/sessions/{session['session_id']}/messages?wait={options.pop('wait', 0)}"
        return await self.call("POST", path, session["token"], json={"message": text, **options})

    async def upload(self, session: dict[str, Any], size: int) -> Answer:
        """POST a file of text."""
        form = aiohttp.FormData()
        form.add_field("file", b"x" * (size - 1) + b"\n", filename="notes.txt", content_type="text/plain")
        return await self.call(
            "POST", f"/api/sessions/{session['session_id']}/attachments", session["token"], data=form
        )


@asynccontextmanager
async def visitors(url: str, *addresses: str) -> AsyncIterator[list[Visitor]]:
    """One for each address. No connection is used twice, so that a hub may be started again."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as http:
        yield [Visitor(http, url, address) for address in addresses]
