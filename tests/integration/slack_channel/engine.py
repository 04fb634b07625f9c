"""The whole way of a message on Slack: accepted, answered by a scripted responder, delivered to the fake."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from channels.slack import beginnings, edits, streams
from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake, text_of
from config.simulation.slack_world import Channel
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.capabilities import Pace
from core.intake import Intake
from core.ports.metrics import NoMetrics
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.unit.core.responders import NotedDesk, reply, sorry


@dataclass
class Model:
    """Writes its sentences over ``seconds``, then is done. ``ended``: when an answer was ready, by its text.

    ``held``: it begins when that is set.
    """

    seconds: float
    sentences: int = 2
    calls: int = 0
    ended: dict[str, float] = field(default_factory=dict)
    held: asyncio.Event | None = None

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """The answer repeats what was asked."""
        self.calls += 1
        if self.held is not None:
            await self.held.wait()
        asked = " and ".join(message.text for message in turn.pending)
        written = [f"Sentence {number} about {asked}. " for number in range(self.sentences)]
        for sentence in written:
            await asyncio.sleep(self.seconds / self.sentences)
            await events.text(sentence)
        text = "".join(written).strip()
        self.ended[text] = time.monotonic()
        return reply(text)


def faster(times: float, channel: SlackChannel, monkeypatch: pytest.MonkeyPatch) -> SlackChannel:
    """The channel with all of its paces and pauses that much shorter, before a fake whose minute is."""

    def shorter(pace: Pace) -> Pace:
        return replace(pace, seconds=pace.seconds / times, per_conversation=pace.per_conversation / times)

    monkeypatch.setattr(edits, "EDITS", shorter(edits.EDITS))
    monkeypatch.setattr(edits, "STREAMS", shorter(edits.STREAMS))
    for module in (streams, beginnings):
        monkeypatch.setattr(module, "BETWEEN_APPENDS", beginnings.BETWEEN_APPENDS / times)
    monkeypatch.setattr(streams, "BETWEEN_EDITS", streams.BETWEEN_EDITS / times)
    can = channel.capabilities
    channel.capabilities = replace(
        can,
        pace=None if can.pace is None else shorter(can.pace),
        stream_every=can.stream_every / times,
        stream_after=can.stream_after / times,
    )
    return channel


@asynccontextmanager
async def at_work(
    fake: SlackFake, store: SqlStore, folder: Path, model: Model, channel: SlackChannel | None = None
) -> AsyncIterator[Hub]:
    """A hub whose customers write by ``push``."""
    around = surroundings(store, folder, showing=store)
    channel = channel or SlackChannel(settings(fake), around)
    wake, metrics, clock = LocalWake(), NoMetrics(), SystemClock()
    intake = Intake(store, wake, metrics, {channel.name: channel.capabilities})
    turn = Turn(model, NotedDesk(), {channel.name: channel}, metrics, sorry, still_held=store.still_held)
    dispatcher = Dispatcher(store, turn, wake, metrics, DispatcherSettings(concurrency=256))
    delivery = DeliveryService([channel], store, wake, clock, metrics, DeliverySettings())
    async with serving(Hub(channel, around, intake, fake)) as hub:
        await dispatcher.start()
        await delivery.start()
        try:
            yield hub
        finally:
            await dispatcher.stop(5.0)
            await delivery.stop(5.0)


@dataclass
class Reader:
    """Notes when each text was first read in a direct conversation, and what became of it. Put in the place of fake.post."""

    fake: SlackFake
    read_at: dict[tuple[str, str], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._direct = 0

    def conversation(self) -> str:
        """A new customer's direct messages."""
        self._direct += 1
        channel = f"D0CUST{self._direct:04d}"
        self.fake.channels[channel] = Channel()
        return channel

    async def watch(self) -> None:
        """Until cancelled: look at all conversations after each call that Slack took."""
        async with self.fake.news:
            while True:
                await self.fake.news.wait()
                now = time.monotonic()
                for channel, found in self.fake.channels.items():
                    for message in found.messages:
                        if message.get("bot_id"):
                            self.read_at.setdefault((channel, text_of(message)), now)

    def answered(self, model: Model) -> set[str]:
        """The answers of the model's that were read in full."""
        return {text for _, text in self.read_at if text in model.ended}
