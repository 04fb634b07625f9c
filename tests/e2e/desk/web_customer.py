"""A person on the company's site, who reads what the socket shows them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.e2e.channels.customer import Paper, addresses
from tests.e2e.visitor import Visitor, visiting
from tests.servers.hub import Hub

Frame = dict[str, Any]


class WebCustomer:
    """``shown``: messages by their id, as they are now."""

    channel = "web"

    def __init__(self, visitor: Visitor) -> None:
        self.who = visitor.id
        self.shown: dict[str, Frame] = {}
        self._visitor = visitor
        self._numbers = itertools.count(1)

    async def write(self, text: str, *papers: Paper) -> tuple[str, str]:
        """Returns when it is stored. The answer, if there is one, comes over the socket."""
        ids = []
        for paper in papers:
            answer = await self._visitor.upload(paper.name, paper.content, paper.media_type)
            assert answer.status == 200, answer.body
            ids.append(answer.body["id"])
        said = f"w{next(self._numbers)}", text
        answer = await self._visitor.say(text, client_id=said[0], attachments=ids)
        assert answer.status in (200, 202), answer.body
        return said

    async def again(self, said: tuple[str, str]) -> None:
        """The same message, sent again by a browser that heard no answer."""
        answer = await self._visitor.say(said[1], client_id=said[0])
        assert answer.status in (200, 202), answer.body

    async def ask_for_person(self) -> None:
        await self.write("I want to talk to a person")

    def read(self) -> list[str]:
        return [str(frame["content"]) for frame in self._by_others()]

    async def papers(self) -> list[bytes]:
        files = [file for frame in self._by_others() for file in frame.get("attachments") or ()]
        found = []
        for file in files:
            answer = await self._visitor.call("GET", file["url"], token=None)
            assert answer.status == 200
            found.append(answer.body)
        return found

    async def lose_file(self, send: Callable[[], Awaitable[None]]) -> None:
        """Nothing can get lost here."""
        await send()

    def links(self) -> list[str]:
        return [link for text in self.read() for link in addresses(text)]

    def _by_others(self) -> list[Frame]:
        return [frame for frame in self.shown.values() if frame["author"] != "customer"]

    async def watch(self) -> None:
        """Until it is cancelled."""
        async with self._visitor.socket() as socket:
            while True:
                message = await socket.ws.receive_json()
                if message["type"] in ("message", "complete"):
                    self.shown[message["id"]] = message


@asynccontextmanager
async def at_the_site(hub: Hub) -> AsyncIterator[WebCustomer]:
    """Somebody with the chat open."""
    async with visiting(hub) as visitor:
        customer = WebCustomer(visitor)
        watching = asyncio.create_task(customer.watch())
        try:
            yield customer
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
