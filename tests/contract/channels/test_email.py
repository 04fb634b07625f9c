"""The e-mail channel keeps the contract, over a real IMAP server and a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from channels.email.adapter import EmailChannel
from channels.email.confined import ConfinedMail
from channels.email.intake import Intake
from channels.email.parse import Reader
from channels.email.threads import Threads
from channels.email.tokens import Tokens
from core.domain.messages import (
    Author,
    InboundEvent,
    MessageKind,
    MessageReceived,
    OutboundMessage,
    RawEvent,
    WirePayload,
)
from core.ports.channel import Accepted
from tests.contract.channels.contract import ChannelContract, Peer, Sink
from tests.integration.email_channel.rig import Rig, letter, post_office, rig_in, settings
from tests.patience import PATIENCE
from tests.unit.email_channel.fixture import fixture

_AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class HeardSink(Sink):
    """Tells when something was accepted or refused."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        try:
            return await super().accept(events, raw)
        finally:
            self.heard.set()


class EmailPeer(Peer):
    """A customer with a mail program."""

    def __init__(self, rig: Rig, channel: EmailChannel, sink: HeardSink) -> None:
        self.channel = channel
        self.rig = rig
        self.sink = sink

    def raw(self, text: str, number: int) -> RawEvent:
        mail = letter(text, To=self.rig.address, Subject="", Message_ID=f"<{number}@customer.example>")
        headers = {"folder": "INBOX", "validity": "1", "uid": str(number), "thread": "abcdefghijklmnop", "joined": "0"}
        return RawEvent("email", self.rig.address, mail.as_bytes(), headers, _AT)

    def recordings(self) -> Mapping[str, RawEvent]:
        return {"voice_memo": replace(self.raw("", 8), body=fixture("voice_memo"))}

    async def receive(self, text: str) -> bool:
        self.sink.heard.clear()
        await self.rig.write(text, Subject="")
        async with asyncio.timeout(PATIENCE):
            await self.sink.heard.wait()
        return not self.sink.down

    async def outbound(self, text: str) -> OutboundMessage:
        config = settings(self.rig.office, self.rig.address)
        tokens = Tokens(config.secret_keys, config.account)
        threads = Threads(self.rig.around.memory, self.rig.around.clock, tokens, config.account)
        mailbox = Sink()
        await Intake(
            ConfinedMail(self.rig.around.confined, config.rules), Reader(config, tokens), threads, mailbox
        ).take(self.raw("A question", 9))
        (event,) = mailbox.events
        assert isinstance(event, MessageReceived)
        for note in event.notes:
            await self.rig.around.memory.replace(note.channel, note.account, note.key, note.old, note.new)  # type: ignore[arg-type]
        return OutboundMessage("m1", event.conversation, Author.AGENT, text, MessageKind.ANSWER)

    async def seen(self) -> str:
        mails: list[Any] = [
            message_from_bytes(data, policy=policy.default) for _, data in self.rig.office.postman.taken
        ]
        return "\n".join(mail.get_body(("plain",)).get_content() for mail in mails)

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        return str(payload.body["plain"]).removesuffix("…").split("\n\nSources\n")[0]


@pytest.fixture
async def sink() -> HeardSink:
    """What the channel hands its events to."""
    return HeardSink()


@pytest.fixture(scope="module")
def office() -> Any:
    """The servers."""
    with post_office() as office:
        yield office


@pytest.fixture
async def peer(sink: HeardSink, tmp_path: Path, office: Any) -> AsyncIterator[EmailPeer]:
    """A started channel with a mailbox."""
    office.postman.taken.clear()
    async with rig_in(tmp_path, office) as rig:
        channel = EmailChannel(settings(office, rig.address), rig.around)
        await channel.start(sink)
        yield EmailPeer(rig, channel, sink)
        await channel.stop()


class TestEmailChannel(ChannelContract):
    """Every test of the contract."""
