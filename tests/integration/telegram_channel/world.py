"""A started Telegram channel between a fake Telegram and a sink, with a real database and a real file store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.telegram.adapter import TelegramChannel
from channels.telegram.settings import TelegramSettings
from config.simulation.telegram_fake import TelegramFake
from core.attachments.file_store import FileStore
from core.domain.attachments import Attachment
from core.domain.errors import StoreUnavailable, UnknownMessage
from core.domain.messages import InboundEvent, MessageEdited, MessageReceived, OutboundMessage, RawEvent, Receipt
from core.ports.channel import Accepted, InboundSink
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.store import SqlStore
from tests.calls_here import CallsHere
from tests.contract.channels.contract import Sink
from tests.integration.telegram_channel.clock import WoundClock
from tests.patience import PATIENCE
from tests.servers.process import free_port
from tests.servers.sqlite import new_sqlite

SECRET = "first-secret_1"


class WaitingSink(Sink):
    """Can be waited for; ``failures`` more times the database does not commit. ``unknown``: edits find no message."""

    def __init__(self) -> None:
        super().__init__()
        self.failures = 0
        self.unknown = False
        self._more = asyncio.Condition()

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        async with self._more:
            self._more.notify_all()
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("The disk is full.")
        if self.unknown and any(isinstance(event, MessageEdited) for event in events):
            raise UnknownMessage("The message that this is about is not in this conversation.")
        accepted = await super().accept(events, raw)
        async with self._more:
            self._more.notify_all()
        return accepted

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await super().quarantine(raw, reason)
        async with self._more:
            self._more.notify_all()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something to arrive."""
        async with asyncio.timeout(PATIENCE), self._more:
            await self._more.wait_for(holds)

    async def texts(self, count: int) -> list[str]:
        """The texts of the messages, once there are so many."""
        await self.until(lambda: len(self.events) >= count)
        return [event.text for event in self.events if isinstance(event, MessageReceived)]


class World:
    """One bot and one hub process; ``another`` makes a second process on the same database."""

    def __init__(self, fake: TelegramFake, store: SqlStore, files: FileStore, clock: WoundClock) -> None:
        self.fake = fake
        self.store = store
        self.files = files
        self.clock = clock
        self.link: str | None = "https://hub.example/api/attachments/a1?sig=s"
        self.public_url: str | None = None
        self.sink = WaitingSink()
        self.channel = self.another("p1")
        self._server: TestServer | None = None

    def another(self, process: str, **settings: Any) -> TelegramChannel:
        """A channel that is not started."""
        given: dict[str, Any] = {
            "bot_token": self.fake.token,
            "api_base_url": self.fake.url,
            "poll_seconds": 2,
        } | settings
        surroundings = Surroundings(
            memory=self.store,
            leases=self.store,
            paces=self.store,
            deliveries=self.store,
            showing=self.store,
            files=self.files,
            clock=self.clock,
            metrics=NoMetrics(),
            link=lambda attachment: self.link,
            process=process,
            company="Acme",
            confined=CallsHere(),
            public_url=self.public_url,
        )
        return TelegramChannel(TelegramSettings(**given), surroundings)

    async def behind_webhook(self, sink: InboundSink | None = None, **settings: Any) -> None:
        """The channel takes webhooks on a server of its own, and is started."""
        port = free_port()
        self.public_url = f"http://127.0.0.1:{port}"
        secrets = settings.pop("webhook_secrets", (SECRET,))
        self.channel = self.another("p1", mode="webhook", webhook_secrets=secrets, **settings)
        app = web.Application(middlewares=[problems])
        app.add_routes(self.channel.routes())
        self._server = TestServer(app, port=port)
        await self._server.start_server()
        await self.channel.start(sink or self.sink)

    async def say(self, message: OutboundMessage) -> list[Receipt]:
        """Send all of it."""
        payloads = self.channel.render(message)
        return [await self.channel.send(one, idempotency_key=f"k:{one.part}") for one in payloads]

    async def stored(self, data: bytes, name: str, media_type: str) -> Attachment:
        """A file in the store."""

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        return await self.files.put(chunks(), name=name, declared_type=media_type)

    async def close(self) -> None:
        """Stop what runs."""
        await self.channel.stop()
        if self._server is not None:
            await self._server.close()


@asynccontextmanager
async def world(folder: Path, **fake: Any) -> AsyncIterator[World]:
    """Nothing is started but the fake."""
    url = new_sqlite(folder / "hub.db")
    clock = WoundClock()
    store = SqlStore(url, clock)
    await store.open()
    files = FileStore(folder / "files")
    await files.start()
    async with TelegramFake(**fake) as telegram:
        built = World(telegram, store, files, clock)
        try:
            yield built
        finally:
            await built.close()
            await store.close()
        assert telegram.problems == []
