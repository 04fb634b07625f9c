"""Random mail threads of up to five people, with the mailbox's own reading, addressing, composing and sending.

Only the SMTP server and the database are made here.
"""

from __future__ import annotations

import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any, cast

from channels.email import letter, render
from channels.email.intake import placed
from channels.email.parse import Reader
from channels.email.sending import Sending
from channels.email.settings import EmailSettings
from channels.email.threads import Threads
from channels.email.tokens import Tokens
from core.domain.conversation import Conversation, Sharing
from core.domain.customer import Customer
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Message, MessageKind, MessageReceived, OutboundMessage
from core.domain.readers import READERS
from core.ports.cases import Cases, ReadMessage
from core.ports.channel_memory import ChannelMemory
from core.ports.store import NewMessage, TurnState
from core.ports.surroundings import Surroundings
from handoff import posts
from handoff.mail.letters import following
from handoff.thread.addressing import Addressing
from handoff.thread.to_line import with_choice
from tests.contract.stores.manual_clock import ManualClock
from tests.unit.email_channel.fixture import mail, raw_of

PEOPLE = ("ann@a.example", "bob@a.example", "carol@c.example", "dora@d.example", "emil@e.example")
STRANGER = "mallory@evil.example"
MARK = re.compile(r"mark\d+x")
_SHOWN = re.compile(r"[^\s<>,;]+@[^\s<>,;]+")
_NEVER = ("no-reply@shop.example", "mailer-daemon@a.example")


class DictMemory:
    """Implements what the mailbox needs of ChannelMemory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def recall(self, channel: str, account: str, key: str) -> str | None:
        return self.values.get(key)

    async def recall_many(self, channel: str, account: str, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: self.values[key] for key in keys if key in self.values}

    async def remember(self, channel: str, account: str, key: str, value: str) -> None:
        self.values[key] = value

    async def replace(self, channel: str, account: str, key: str, old: str | None, new: str) -> bool:
        if self.values.get(key) != old:
            return False
        self.values[key] = new
        return True

    async def forget(self, channel: str, account: str, key: str, old: str | None = None) -> None:
        self.values.pop(key, None)


class KeptMail:
    """In place of the SMTP server: what it would have got, with the recipients of each mail."""

    def __init__(self) -> None:
        self.sent: list[tuple[list[str], bytes]] = []

    async def submit(self, to: Sequence[str], data: bytes, *, begin: Callable[[], Awaitable[None]]) -> None:
        await begin()
        self.sent.append((list(to), data))


@dataclass
class MailThread:
    """``got``: by mark, who wrote or got a mail. ``ever``: who was ever named in the thread."""

    settings: EmailSettings
    rng: random.Random
    number: int
    people: list[str]
    proven: bool
    memory: DictMemory = field(default_factory=DictMemory)
    server: KeptMail = field(default_factory=KeptMail)
    got: dict[str, set[str]] = field(default_factory=dict)
    ever: set[str] = field(default_factory=set)
    read: list[ReadMessage] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    mails: int = 0
    replies: int = 0

    def __post_init__(self) -> None:
        self.clock = ManualClock()
        self.tokens = Tokens(self.settings.secret_keys, self.settings.account)
        memory = cast(ChannelMemory, self.memory)
        self.threads = Threads(memory, self.clock, self.tokens, self.settings.account)
        around = SimpleNamespace(memory=memory, clock=self.clock, company="Tidepool", files=None, link=None)
        self.sending = Sending(self.settings, cast(Surroundings, around), self.tokens, self.threads)
        self.sending._smtp = self.server  # type: ignore[assignment]
        self.reader = Reader(self.settings, self.tokens)
        self.home = ""
        self.readers_of_last: list[str] = []

    async def write(self) -> None:
        """Somebody of the thread writes to some of the people, old ones or new, or to us alone."""
        writer = self.rng.choice([one for one in self.people if one in self.ever] or self.people)
        others = [one for one in self.people if one != writer]
        named = self.rng.sample(others, self.rng.randint(0, len(others)))
        await self.deliver(writer, named)

    async def deliver(self, writer: str, named: Sequence[str], *, proven: bool | None = None) -> MessageReceived:
        """One mail. ``named``: in To and Cc, besides us and machines."""
        self.mails += 1
        mark = f"mark{self.number}0{self.mails}x"
        to = [self.settings.address, *(one for one in named if self.rng.random() < 0.5)]
        cc = [one for one in named if one not in to] + [one for one in _NEVER if self.rng.random() < 0.2]
        proof = f"mx.example.com; dmarc=pass header.from={writer.rpartition('@')[2]}"
        own_id = f"<{mark}@a.example>"
        body = mail(
            f"My words {mark}",
            From=writer,
            To=", ".join(f'"P, {one[:3]}" <{one.upper() if self.rng.random() < 0.2 else one}>' for one in to),
            Cc=", ".join(cc),
            Subject=f"Re: {mark}" if self.ids else f"About {mark}",
            Message_ID=own_id,
            In_Reply_To=self.rng.choice(self.ids) if self.ids else "",
            Authentication_Results=proof if (self.proven if proven is None else proven) else "",
        )
        raw, read = raw_of(body, uid=str(self.mails)), letter.read(body, self.settings.rules)
        place = await self.threads.find(read)
        (event,) = self.reader.events(placed(raw, place), read)
        assert isinstance(event, MessageReceived)
        with self.threads.noting(new := self.threads.note(place, read, event.text, event.sent_at)):
            await self.threads.write(new)
        joins = event.conversation.thread == self.home
        assert joins == (writer in self.ever) or not (self.home and self.proven), (self.number, writer)
        if joins or not self.home:
            self._keep(event, mark, [writer, *named], own_id)
        return event

    def _keep(self, event: MessageReceived, mark: str, named: list[str], own_id: str) -> None:
        self.home = event.conversation.thread
        self.ids.append(own_id)
        self.got[mark] = set(named)
        self.ever |= set(named)
        self.readers_of_last = named
        meta = {READERS: [asdict(one) for one in event.readers]} if event.readers else {}
        self.read.insert(0, ReadMessage(event.sender.external_id, event.sender.external_id, meta))

    def shown(self) -> set[str]:
        """Whom the desk's letter about the last mail says a reply goes to; its writer, where it says nothing."""
        last = self.read[0]
        post = posts.customer_post(_message("c1", Author.CUSTOMER, "Hello", self.clock.now(), last.meta))
        out = OutboundMessage("m", cast(Any, None), post.author, post.text, post.kind, meta=post.meta)
        told = following("c.1", out, "en", "//").text.partition("A reply goes to ")[2].partition("; not to ")[0]
        return set(_SHOWN.findall(told)) or {last.external_id}

    async def reply(self, *, chosen: Sequence[str] = (), meanwhile: bool = False) -> tuple[list[str], EmailMessage]:
        """Staff reply, and what the server gets. ``meanwhile``: somebody writes before it is sent."""
        line = f"To: {', '.join(chosen)}\n" if chosen else ""
        written = _message("s1", Author.STAFF, f"{line}Our answer.", self.clock.now(), {})
        (written,) = with_choice(TurnState(*[cast(Any, None)] * 3, (written,), ())).pending
        conversation = cast(Conversation, SimpleNamespace(id="c", shared=Sharing.SOMETIMES))
        desk = Addressing(cast(Cases, _Shown(list(self.read))), conversation, cast(Customer, None))
        assert (await desk.strangers(written))[0] == []
        told = await desk.answer(NewMessage(Author.STAFF, written.text, MessageKind.ANSWER), written)
        if meanwhile:
            await self.write()
        home = ConversationKey("email", self.settings.account, self.home)
        out = OutboundMessage("m", home, told.author, told.text, told.kind, meta=told.meta)
        (payload,) = render.payloads(out)
        self.replies += 1
        before = len(self.server.sent)
        await self.sending.send(payload, idempotency_key=f"d{self.replies}")
        await self.sending.send(payload, idempotency_key=f"d{self.replies}")
        ((to, data),) = self.server.sent[before:]
        sent = message_from_bytes(data, policy=policy.default)
        assert isinstance(sent, EmailMessage)
        self.ids.append(str(sent["Message-ID"]))
        return to, sent


class _Shown:
    """Implements what is asked of Cases: the mails that staff had been shown."""

    def __init__(self, read: Sequence[ReadMessage]) -> None:
        self._read = read

    async def read_by_staff(self, conversation_id: str, moment: datetime) -> Sequence[ReadMessage]:
        return self._read


def _message(message_id: str, author: Author, text: str, at: datetime, meta: Mapping[str, Any]) -> Message:
    return Message(message_id, "c", 1, author, text, at, meta=meta)
