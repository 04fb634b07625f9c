"""The widget: each customer has one connection, opened before anything is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.channels.door import Provider


@dataclass
class _Page:
    socket: aiohttp.ClientWebSocketResponse
    listening: asyncio.Task[None] | None = None
    written: int = 0
    shown: list[str] = field(default_factory=list)

    async def listen(self) -> None:
        async for message in self.socket:
            frame = message.json()
            if frame["type"] == "complete":
                self.shown.append(frame["content"])


class WebDoor(Provider):
    """Nobody is between the hub and its customers."""

    name = "web"
    asks = False

    def __init__(self, http: aiohttp.ClientSession, *provider: Any) -> None:
        super().__init__(*provider)
        self._http = http
        self._pages: dict[str, _Page] = {}

    def settings(self, hub: str) -> Mapping[str, str]:
        """See Door.settings."""
        return {}

    async def admit(self, hub: Any, people: Sequence[str]) -> None:
        """See Door.admit."""
        for tag in people:
            async with self._http.post(f"{hub.url}/api/sessions", json={}) as response:
                token = (await response.json())["token"]
            socket = await self._http.ws_connect(f"{hub.url}/ws")
            await socket.send_json({"type": "auth", "token": token})
            await socket.receive()
            await socket.send_json({"type": "resume", "after": 0})
            page = self._pages[tag] = _Page(socket)
            page.listening = asyncio.create_task(page.listen())

    async def write(self, tag: str, text: str) -> None:
        """See Door.write."""
        page = self._pages[tag]
        page.written += 1
        await page.socket.send_json({"type": "message", "content": text, "client_id": f"{tag}-{page.written}"})

    def read(self, tag: str) -> Sequence[str]:
        """See Door.read."""
        return self._pages[tag].shown

    async def close(self) -> None:
        """See Door.close."""
        await super().close()
        for page in self._pages.values():
            await page.socket.close()
            if page.listening is not None:
                await page.listening
