"""The e-mail channel over the real store, a real Dovecot and an SMTP server that refuses what it is told to refuse."""

from __future__ import annotations

import asyncio
import imaplib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from channels.email.adapter import EmailChannel
from channels.email.settings import EmailSettings
from core.attachments.file_store import FileStore
from core.clock import SystemClock
from core.domain.attachments import Attachment
from core.domain.errors import StoreUnavailable
from core.domain.keys import ConversationKey
from core.domain.messages import (
    Author,
    DeliveryReported,
    InboundEvent,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    Receipt,
)
from core.intake import Intake
from core.ports.channel import Accepted
from core.ports.clock import Clock
from core.ports.metrics import NoMetrics
from core.ports.surroundings import Surroundings
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.calls_here import CallsHere
from tests.patience import PATIENCE
from tests.servers.dovecot import PASSWORD, DovecotServer, dovecot
from tests.servers.postman import Postman
from tests.servers.sqlite import new_sqlite

ANN = "ann@customer.example"
LINK = "https://hub.example/api/attachments/{id}?sig=s"
_WAIT = PATIENCE


class PostOffice:
    """The servers. What is sent to one of Dovecot's own users is brought there."""

    def __init__(self, server: DovecotServer, postman: Postman) -> None:
        self.dovecot = server
        self.postman = postman

    async def deliver(self, mail: EmailMessage | bytes, to: str) -> None:
        """As another mail server would."""
        await asyncio.to_thread(self.dovecot.deliver, mail, to)

    async def mails(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """What is in a folder."""
        return await asyncio.to_thread(self.dovecot.mails, user, folder)


@contextmanager
def post_office(*, idle: bool = True) -> Iterator[PostOffice]:
    """Running servers. Everybody's mail, the customers' too, is in the same Dovecot."""
    postman = Postman()
    postman.start()
    try:
        with dovecot(postman.port, idle=idle) as server:
            postman.carry = lambda to, data: server.deliver(data, to)
            yield PostOffice(server, postman)
    finally:
        postman.stop()


def settings(office: PostOffice, address: str, **changes: Any) -> EmailSettings:
    """IMAP with STARTTLS and a private authority; SMTP straight to the postman."""
    login = f"{quote(address)}:{quote(PASSWORD, safe='')}"
    plain = EmailSettings(
        address=address,
        imap_url=f"imap+starttls://{login}@localhost:{office.dovecot.imap_port}",
        smtp_url=f"smtp://127.0.0.1:{office.postman.port}",
        secret_keys=("k" * 32,),
        authserv_id="mx.example.com",
        ca_file=str(office.dovecot.authority),
        poll_seconds=2.0,
    )
    return replace(plain, **changes)


def submission_url(office: PostOffice, address: str, password: str = PASSWORD) -> str:
    """Dovecot's own submission service, with STARTTLS and a login."""
    port = office.dovecot.submission_port
    return f"smtp+starttls://{quote(address)}:{quote(password, safe='')}@localhost:{port}"


class Recorder:
    """The hub's intake, with an ear at the door. ``down`` plays a database that does not commit."""

    def __init__(self, store: SqlStore, channel: EmailChannel) -> None:
        self._intake = Intake(store, LocalWake(), NoMetrics(), {channel.name: channel.capabilities})
        self._heard = asyncio.Condition()
        self.down = False
        self.refused = 0
        self.offered = 0
        self.new: list[InboundEvent] = []
        self.quarantined: list[str] = []
        self.put_aside: list[RawEvent] = []

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        if self.down:
            self.refused += 1
            await self._tell()
            raise StoreUnavailable("The disk is full.")
        accepted = await self._intake.accept(events, raw)
        self.offered += len(events)
        self.new += [event for event, one in zip(events, accepted, strict=True) if not one.duplicate]
        await self._tell()
        return accepted

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await self._intake.quarantine(raw, reason)
        self.quarantined.append(reason)
        self.put_aside.append(raw)
        await self._tell()

    async def until(self, is_so: Callable[[Recorder], bool]) -> None:
        """Wait for it, as long as a mail may take."""
        async with asyncio.timeout(_WAIT), self._heard:
            await self._heard.wait_for(lambda: is_so(self))

    async def messages(self, count: int) -> list[MessageReceived]:
        """The first messages, when there are so many."""
        await self.until(lambda self: len(self.received) >= count)
        return self.received

    @property
    def received(self) -> list[MessageReceived]:
        """What the agent gets to read."""
        return [event for event in self.new if isinstance(event, MessageReceived)]

    @property
    def reports(self) -> list[DeliveryReported]:
        """What became of our own mails."""
        return [event for event in self.new if isinstance(event, DeliveryReported)]

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()


class Rig:
    """One hub with a mailbox of its own."""

    def __init__(self, office: PostOffice, store: SqlStore, around: Surroundings) -> None:
        self.office = office
        self.store = store
        self.around = around
        self.address = f"support-{uuid4().hex[:8]}@example.com"
        self.channel: EmailChannel
        self.sink: Recorder

    async def start(self, **changes: Any) -> None:
        """Start a process; again after ``stop``, with the same database."""
        self.channel = EmailChannel(settings(self.office, self.address, **changes), self.around)
        self.sink = Recorder(self.store, self.channel)
        await self.channel.start(self.sink)

    async def stop(self) -> None:
        """End it."""
        await self.channel.stop()

    async def write(self, text: str = "Hello", **headers: str) -> EmailMessage:
        """A customer's mail, delivered to the company's mailbox."""
        mail = letter(text, **{"To": self.address, **headers})
        await self.office.deliver(mail, self.address)
        return mail

    async def put(self, mail: EmailMessage, came: datetime, folder: str = "INBOX") -> None:
        """What moving a mail does: it comes into the folder now, with the moment at which it once came."""
        with self.office.dovecot.session(self.address) as imap:
            imap.append(folder, "", imaplib.Time2Internaldate(came), mail.as_bytes())

    async def answer(self, thread: str, text: str = "Forty-two.", key: str = "d1", **more: Any) -> list[Receipt]:
        """Send all mails of a message."""
        given: dict[str, Any] = {"author": Author.AGENT, "kind": MessageKind.ANSWER, "turn_id": "t1", **more}
        message = OutboundMessage("m1", ConversationKey("email", self.address, thread), text=text, **given)
        payloads = self.channel.render(message)
        return [await self.channel.send(one, idempotency_key=f"{key}:{one.part}") for one in payloads]

    async def file(self, name: str, content: bytes) -> Attachment:
        """A file in the hub's own store."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        return await self.around.files.put(chunks(), name=name, declared_type=None)


def letter(text: str = "Hello", **headers: str) -> EmailMessage:
    """A mail as a mail program writes it; underscores in names stand for hyphens."""
    mail = EmailMessage(policy=default.clone(max_line_length=900))  # long ids stay whole
    given = {"From": f"Ann Miller <{ANN}>", "Subject": "A question", "Message-ID": f"<{uuid4().hex}@customer.example>"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in given.items():
        if value:
            mail[name] = value
    mail.set_content(text)
    return mail


@asynccontextmanager
async def rig_in(folder: Path, office: PostOffice, clock: Clock | None = None) -> AsyncIterator[Rig]:
    """A hub that is not started yet."""
    url = new_sqlite(folder / "hub.db")
    clock = clock or SystemClock()
    store = SqlStore(url, clock)
    await store.open()
    around = Surroundings(
        memory=store,
        leases=store,
        paces=store,
        deliveries=store,
        showing=store,
        files=FileStore(folder / "files"),
        clock=clock,
        metrics=NoMetrics(),
        link=lambda file: LINK.format(id=file.id),
        process="p1",
        company="Tidepool Ltd",
        confined=CallsHere(),
        public_url="https://hub.example",
    )
    try:
        yield Rig(office, store, around)
    finally:
        await store.close()
