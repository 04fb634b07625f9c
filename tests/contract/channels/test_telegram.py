"""The Telegram channel keeps the contract, by webhook and by polling, in front of a strict fake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from channels.telegram.entities import units
from channels.telegram.html import plain_of
from core.clock import SystemClock
from core.domain.errors import OutcomeUnknown
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage, RawEvent, WirePayload
from core.ports.channel import SupportsOutcomeQuery, WebhookRequest
from tests.contract.channels.contract import ChannelContract, Peer, Sink
from tests.integration.telegram_channel.world import SECRET, World, world
from tests.unit.telegram_channel.fixtures import raw, updates

CHAT = 4711


class TelegramPeer(Peer):
    """A person in a private chat with the bot, whose updates come by webhook."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.channel = world.channel
        chat = {"id": CHAT, "type": "private", "first_name": "Ada"}
        world.fake.chats[CHAT] = chat

    def raw(self, text: str, number: int) -> RawEvent:
        person = {"id": CHAT, "is_bot": False, "first_name": "Ada"}
        message = {"message_id": number, "from": person, "chat": self.world.fake.chats[CHAT], "date": 1_790_000_000}
        body = json.dumps({"update_id": 1000 + number, "message": {**message, "text": text}}).encode()
        return RawEvent("telegram", "123456789", body, {}, SystemClock().now())

    def recordings(self) -> Mapping[str, RawEvent]:
        return {name: raw(updates(name)[0]) for name in ("voice", "audio", "video_note", "animation")}

    async def receive(self, text: str) -> bool:
        update = await self.world.fake.write(text, chat=CHAT)
        pushed = self.world.fake.pushed
        await self.world.fake.until(lambda: any(id == update["update_id"] for id, _ in pushed))
        return next(status for id, status in pushed if id == update["update_id"]) == 200

    async def outbound(self, text: str) -> OutboundMessage:
        key = ConversationKey("telegram", "123456789", str(CHAT))
        return OutboundMessage("m1", key, Author.AGENT, text, MessageKind.ANSWER)

    async def seen(self) -> str:
        return "\n".join(self.world.fake.texts(CHAT))

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        text = plain_of(payload.body["params"]["text"])
        return "" if text.startswith("Sources\n[1]") else text.split("\n\nSources\n[1]")[0]

    def size(self, text: str) -> int:
        return units(text)


class PollingPeer(TelegramPeer):
    """The same person, asked for what they wrote."""

    async def receive(self, text: str) -> bool:
        fake, clock = self.world.fake, self.world.clock
        if clock.sleeping:
            await clock.wake()
        await fake.write(text, chat=CHAT)
        confirmed = asyncio.create_task(fake.until(lambda: not fake.updates))
        refused = asyncio.create_task(clock.until(lambda: bool(clock.sleeping)))
        _, waiting = await asyncio.wait({confirmed, refused}, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
        return not refused.done() or refused.cancelled()


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


class _OneWay(ChannelContract):
    async def test_sent_twice_with_one_key_is_seen_once(self, peer: Peer) -> None:
        """Telegram knows no idempotency key: nothing of the kind is claimed."""
        assert not peer.channel.capabilities.idempotent_send
        message = await peer.outbound("Only once, please.")
        (payload,) = peer.channel.render(message)
        await peer.channel.send(payload, idempotency_key="key:0")
        assert (await peer.seen()).count("Only once, please.") == 1

    async def test_it_can_tell_whether_a_message_arrived(self, peer: Peer) -> None:
        """It cannot, whether it did or did not: no list of a chat's messages is open to bots."""
        (payload,) = peer.channel.render(await peer.outbound("Did this arrive?"))
        assert isinstance(peer.channel, SupportsOutcomeQuery)
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await peer.channel.outcome(payload, idempotency_key="key:0")
            await peer.channel.send(payload, idempotency_key="key:0")


class TestTelegramByWebhook(_OneWay):
    """Every test of the contract."""

    @pytest.fixture
    async def peer(self, sink: Sink, tmp_path: Path) -> AsyncIterator[TelegramPeer]:
        """A started channel behind a server, to which Telegram sends."""
        async with world(tmp_path) as built:
            await built.behind_webhook(sink=sink)
            yield TelegramPeer(built)

    def test_a_request_with_the_secret_is_believed(self, peer: Peer) -> None:
        headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        peer.channel.authenticate(WebhookRequest("POST", "https://hub.example/webhooks/telegram", headers, b"{}"))


class TestTelegramByPolling(_OneWay):
    """Every test of the contract."""

    @pytest.fixture
    async def peer(self, sink: Sink, tmp_path: Path) -> AsyncIterator[PollingPeer]:
        """A started channel that asks Telegram."""
        async with world(tmp_path) as built:
            await built.channel.start(sink)
            yield PollingPeer(built)
