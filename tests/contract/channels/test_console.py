"""The console channel keeps the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from channels.console import parse
from channels.console.adapter import ConsoleChannel
from core.clock import SystemClock
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage, RawEvent, WirePayload
from tests.contract.channels.contract import ChannelContract, Peer, Sink

THREAD = "tty1"


class Paper:
    """What a terminal printed, and a way to wait for more of it."""

    def __init__(self) -> None:
        self.text = ""
        self._more = asyncio.Condition()

    def write(self, data: bytes) -> None:
        self.text += data.decode()

    async def drain(self) -> None:
        async with self._more:
            self._more.notify_all()

    async def grown(self, length: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.text) > length)


class ConsolePeer(Peer):
    """A person at a terminal."""

    def __init__(self, sink: Sink) -> None:
        self.channel = ConsoleChannel(SystemClock(), linger=0)
        self.keyboard = asyncio.StreamReader()
        self.paper = Paper()
        self.sink = sink

    def raw(self, text: str, number: int) -> RawEvent:
        at = SystemClock().now()
        raw = parse.raw_event(text.encode(), account="default", thread=THREAD, at=at)
        return RawEvent(raw.channel, raw.account, raw.body, {**raw.headers, "event": str(number)}, raw.received_at)

    async def receive(self, text: str) -> bool:
        printed, before = len(self.paper.text), len(self.sink.events)
        self.keyboard.feed_data(text.encode() + b"\n/help\n")  # the help comes after whatever the line led to
        await self.paper.grown(printed)
        return len(self.sink.events) > before and "could not be stored" not in self.paper.text[printed:]

    async def outbound(self, text: str) -> OutboundMessage:
        key = ConversationKey("console", "default", THREAD)
        return OutboundMessage("m1", key, Author.AGENT, text, MessageKind.ANSWER)

    async def seen(self) -> str:
        return self.paper.text

    def text_of(self, payload: WirePayload, message: OutboundMessage) -> str:
        text: str = payload.body["text"]
        if payload.part == 0:
            text = text.removeprefix("Agent: ")
        return text.split("\n  [1] ")[0]


@pytest.fixture
def sink() -> Sink:
    """What the channel hands its events to."""
    return Sink()


@pytest.fixture
async def peer(sink: Sink) -> AsyncIterator[ConsolePeer]:
    """A started channel with somebody in front of it."""
    peer = ConsolePeer(sink)
    await peer.channel.start(sink)
    talk = asyncio.create_task(peer.channel.serve(peer.keyboard, peer.paper, thread=THREAD))
    await peer.paper.grown(0)
    yield peer
    peer.keyboard.feed_eof()
    await talk


class TestConsoleChannel(ChannelContract):
    """Every test of the contract."""
