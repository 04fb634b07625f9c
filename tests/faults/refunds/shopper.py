"""A signed-in customer on the web who asks for a refund and confirms it, whatever becomes of the hub meanwhile."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import jwt

from tests.patience import PATIENCE

SECRET = "widget-identity-secret-0123456789"
_GONE = (aiohttp.ClientError, OSError, TimeoutError, ValueError)
_LOOK_SECONDS = 0.05
_QUESTION = "Shall I do this now?"


class Shopper:
    """``number``: of the run and of the customer. ``posts``: how often each message is sent under the same id.

    ``impatient``: says yes in two messages.
    """

    def __init__(self, http: aiohttp.ClientSession, hub: str, number: int, *, posts: int, impatient: bool) -> None:
        self.number = number
        self._http = http
        self._hub = hub
        self._posts = posts
        self._impatient = impatient
        self._session: dict[str, Any] = {}

    async def refund(self) -> list[str]:
        """What they read after they confirmed. Raises AssertionError where the hub does not ask, or does not answer."""
        claims = {"sub": f"C{self.number:04}", "exp": int(time.time()) + 3_600}
        token = jwt.encode(claims, SECRET, algorithm="HS256")
        self._session = await self._call("POST", "/api/sessions", json={"user_token": token})
        await self._write("ask", f"Please refund 10 EUR of my order 1001 (run {self.number}).")
        asked = await self._read(1)
        assert _QUESTION in asked[-1], asked
        yes = [self._write("yes", "yes"), *([self._write("again", "Yes!")] if self._impatient else [])]
        await asyncio.gather(*yes)
        return (await self._read(len(asked) + 1))[len(asked) :]

    async def read_all(self) -> list[str]:
        """Everything that the hub has said."""
        found = await self._call("GET", f"/api/sessions/{self._session['session_id']}/history")
        return [one["content"] for one in found["messages"] if one["author"] != "customer"]

    async def _read(self, least: int) -> list[str]:
        async with asyncio.timeout(2 * PATIENCE):
            while len(said := await self.read_all()) < least:  # noqa: ASYNC110 - the hub is killed meanwhile
                await asyncio.sleep(_LOOK_SECONDS)
            return said

    async def _write(self, name: str, text: str) -> None:
        body = {"message": text, "client_id": name}
        path = f"/api/chat/sessions/{self._session['session_id']}/messages?wait=0"
        taken = await asyncio.gather(*(self._call("POST", path, json=body) for _ in range(self._posts)))
        assert len({one["id"] for one in taken}) == 1, taken

    async def _call(self, method: str, path: str, **options: Any) -> Any:
        """Again and again, until the hub answers."""
        token = self._session.get("token")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with asyncio.timeout(2 * PATIENCE):
            while True:
                try:
                    async with self._http.request(method, self._hub + path, headers=headers, **options) as answer:
                        if answer.status < 300:
                            return await answer.json()
                        assert answer.status >= 500, await answer.text()
                except _GONE:
                    pass
                await asyncio.sleep(_LOOK_SECONDS)
