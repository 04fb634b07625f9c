"""The SMS channel on a real server over the real store; Twilio's fake on the other side, and a clock moved by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from aiohttp import web
from aiohttp.test_utils import TestServer

from api.problems import problems
from channels.sms.adapter import SmsChannel
from channels.sms.settings import SmsSettings
from config.simulation.twilio_fake import OURS, SID, THEIRS, TOKEN, TwilioFake
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.attachments import Attachment
from core.domain.errors import StoreUnavailable, TooEarly
from core.domain.keys import ConversationKey
from core.domain.messages import (
    Author,
    Citation,
    InboundEvent,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    Receipt,
    WirePayload,
)
from core.intake import Intake
from core.ports.channel import Accepted
from core.ports.clock import Clock
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.calls_here import CallsHere
from tests.contract.stores.manual_clock import ManualClock
from tests.patience import PATIENCE
from tests.servers.sqlite import new_sqlite

LINK = "https://hub.example/api/attachments/{id}?sig=s"
PICTURE = Attachment("f1", "ticket.png", "image/png", 4000, "0" * 64, "a1/a1" + "0" * 30)
PDF = Attachment("f2", "invoice.pdf", "application/pdf", 900_000, "0" * 64, "a2/a2" + "0" * 30)


class HeldClock(ManualClock):
    """Sleepers sleep until somebody moves the clock past their time."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Until it is time."""
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.monotonic() + seconds, future))
        self.asleep.set()
        await future

    def move(self, seconds: float) -> None:
        """Let time pass, and wake whom it concerns."""
        super().move(seconds)
        due = [future for until, future in self._sleepers if until <= self.monotonic() and not future.done()]
        self._sleepers = [one for one in self._sleepers if one[1] not in due]
        self.asleep.clear()
        for future in due:
            future.set_result(None)


class Recorder:
    """The hub's intake, with an ear at the door. ``down`` plays a database that does not commit."""

    def __init__(self, store: SqlStore, channel: SmsChannel) -> None:
        self._intake = Intake(store, LocalWake(), NoMetrics(), {channel.name: channel.capabilities})
        self.down = False
        self.new: list[InboundEvent] = []
        self.quarantined: list[str] = []

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        if self.down:
            raise StoreUnavailable("The disk is full.")
        accepted = await self._intake.accept(events, raw)
        self.new += [event for event, one in zip(events, accepted, strict=True) if not one.duplicate]
        return accepted

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        self.quarantined.append(reason)
        await self._intake.quarantine(raw, reason)

    @property
    def texts(self) -> list[str]:
        """What the agent gets to read."""
        return [event.text for event in self.new if isinstance(event, MessageReceived)]


class Forgetful:
    """The channel's memory; ``down`` plays a database that is away."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.down = False

    def __getattr__(self, name: str) -> Any:
        if self.down:
            raise StoreUnavailable("The database is away.")
        return getattr(self._store, name)


class Sent:
    """What the hub's outbox would know of the messages of a test. ``names``: the provider's, of those that have ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written: dict[str, datetime] = {}
        self.names: set[str] = set()

    def begun(self, delivery_id: str) -> None:
        """It is handed to the channel."""
        self._written.setdefault(delivery_id, self._clock.now())

    async def written_at(self, delivery_id: str) -> datetime | None:
        """See KnownDeliveries."""
        return self._written.get(delivery_id)

    async def known_as(self, channel: str, account: str, provider_ids: Sequence[str]) -> Mapping[str, str]:
        """See KnownDeliveries."""
        return dict.fromkeys(self.names & set(provider_ids), "a thread")


class Rig:
    """One hub with a started channel."""

    def __init__(self, twilio: TwilioFake, clock: HeldClock, store: SqlStore, around: Surroundings) -> None:
        self.twilio = twilio
        self.clock = clock
        self.store = store
        self.around = around
        self.memory = around.memory
        self.channel: SmsChannel
        self.sink: Recorder
        self._server: TestServer | None = None

    async def start(self, **changes: Any) -> None:
        """Start a process; again after ``stop``, with the same database."""
        self.channel = SmsChannel(settings(self.twilio, **changes), self.around, transport=self.twilio.transport)
        self.sink = Recorder(self.store, self.channel)
        app = web.Application(middlewares=[problems])
        app.add_routes(self.channel.routes())
        await self.channel.start(self.sink)
        self._server = TestServer(app)
        await self._server.start_server()
        self.twilio.hub = str(self._server.make_url("")).rstrip("/")

    async def stop(self) -> None:
        """Go away, as far as Twilio can see."""
        await self.channel.stop()
        self.clock.asleep.clear()
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def hear(self, body: str, **how: Any) -> tuple[int, str]:
        """A customer writes, and Twilio tells the hub."""
        extra = how.pop("extra", {})
        return await self.twilio.deliver({**self.twilio.write(body, **how), **extra})

    def payloads(self, text: str, *, thread: str = f"{OURS}/{THEIRS}", **fields: Any) -> Sequence[WirePayload]:
        """An answer, rendered."""
        return self.channel.render(message(text, thread=thread, **fields))

    async def say(self, text: str, *, key: str = "d1", **fields: Any) -> list[Receipt]:
        """An answer, sent and settled as delivery does it."""
        receipts = []
        for number, payload in enumerate(self.payloads(text, **fields)):
            receipts.append(await self.send(payload, f"{key}:{number}"))
            self.sent.names.add(receipts[-1].provider_id or "")
        return receipts

    async def send(self, payload: WirePayload, key: str = "d1:0") -> Receipt:
        """One part, which is not settled."""
        self.sent.begun(key.partition(":")[0])
        return await self.channel.send(payload, idempotency_key=key)

    async def outcome(self, payload: WirePayload, key: str = "d1:0") -> Receipt | None:
        """What became of it, asked again when that can be told."""
        try:
            return await self.channel.outcome(payload, idempotency_key=key)
        except TooEarly as error:
            self.clock.move(error.seconds)
            return await self.channel.outcome(payload, idempotency_key=key)

    @property
    def sent(self) -> Sent:
        """What the outbox knows."""
        return cast(Sent, self.around.deliveries)

    async def remembered(self, key: str) -> str | None:
        """What the channel keeps under that key."""
        return await self.store.recall("sms", SID, key)


def settings(twilio: TwilioFake, **changes: Any) -> SmsSettings:
    """As a company would set it up, with the fake's address; nothing happens by itself."""
    plain = SmsSettings(
        SID, (TOKEN,), OURS, OURS, api_base_url=twilio.url, catch_up_every=0.0, request_timeout=PATIENCE, settle=5.0
    )
    return replace(plain, **changes)


def message(
    text: str,
    *,
    thread: str = f"{OURS}/{THEIRS}",
    files: Sequence[Attachment] = (),
    citations: Sequence[Citation] = (),
    locale: str | None = None,
) -> OutboundMessage:
    """Something to say."""
    key = ConversationKey("sms", SID, thread)
    return OutboundMessage(
        "m1", key, Author.AGENT, text, MessageKind.ANSWER, None, tuple(citations), tuple(files), locale=locale
    )


@asynccontextmanager
async def running(
    folder: Path, *, public_url: str | None = "https://hub.example", real_time: bool = False, **changes: Any
) -> AsyncIterator[Rig]:
    """A started hub. ``real_time``: on the machine's clock; the rig's own is nobody's then."""
    held = HeldClock()
    clock: Clock = SystemClock() if real_time else held
    url = new_sqlite(folder / "hub.db")
    store = SqlStore(url, clock)
    await store.open()
    twilio = TwilioFake(clock.now)
    await twilio.start()
    for file in (PICTURE, PDF):
        where = folder / "files" / file.storage_key
        where.parent.mkdir(parents=True)
        where.write_bytes(b"content")
    around = Surroundings(
        memory=Forgetful(store),
        leases=store,
        paces=store,
        deliveries=Sent(clock),
        showing=store,
        files=FileStore(folder / "files"),
        clock=clock,
        metrics=NoMetrics(),
        link=lambda file: LINK.format(id=file.id) if public_url else None,
        process="p1",
        company="Tidepool",
        confined=CallsHere(),
        public_url=public_url,
    )
    rig = Rig(twilio, held, store, around)
    try:
        await rig.start(**changes)
        yield rig
    finally:
        await rig.stop()
        await twilio.stop()
        await store.close()
