"""A customer who writes faster than the model answers reads every answer once, in order, where it first appeared."""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from pathlib import Path

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from core.storage.store import SqlStore
from tests.integration.slack_channel.engine import Model, Reader, at_work, faster
from tests.integration.slack_channel.world import settings, surroundings
from tests.scale import Scale
from tests.servers.slack_tiers import Tiers

FASTER = 2.0
"""Of the customer, the model, the hub's pauses and Slack's limits."""
LATE = 3.0
"""Seconds beyond the model, also where time goes faster."""


@pytest.fixture
def channel(fake: SlackFake, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlackChannel:
    return faster(FASTER, SlackChannel(settings(fake), surroundings(store, tmp_path, showing=store)), monkeypatch)


async def test_a_burst_is_answered_once(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    model, reader = Model(seconds=1.0, held=asyncio.Event()), Reader(fake)
    place = reader.conversation()
    async with at_work(fake, store, tmp_path, model) as hub:
        for number in range(5):
            await hub.push(fake.say(f"part {number}", channel=place))
        model.held.set()  # type: ignore[union-attr]
        await fake.until(lambda: bool(fake.shown(place)))
        await asyncio.sleep(1.5)
    (answer,) = fake.shown(place)
    assert all(f"part {number}" in answer for number in range(5))
    assert model.calls <= 2


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [0.3, 1.6])
async def test_a_message_each_second(
    fake: SlackFake, store: SqlStore, tmp_path: Path, channel: SlackChannel, scale: Scale, seconds: float
) -> None:
    """Five minutes of it in a soak."""
    fake.weather = tiers = Tiers(FASTER)
    model, reader = Model(seconds=seconds / FASTER), Reader(fake)
    place, written_at = reader.conversation(), dict[int, float]()
    messages = scale.pick(small=24, full=300)
    async with at_work(fake, store, tmp_path, model, channel) as hub:
        watching = asyncio.create_task(reader.watch())
        for number in range(messages):
            written_at[number] = time.monotonic()
            await hub.push(fake.say(f"message {number}.", channel=place))
            await asyncio.sleep(max(0.0, written_at[number] + 1.0 / FASTER - time.monotonic()))
        await fake.until(lambda: any(messages - 1 in numbers(text) for text in reader.answered(model)))
        watching.cancel()
    answers = [sorted(numbers(text)) for text in fake.shown(place)]
    assert list(itertools.chain(*answers)) == list(range(messages)), "every message is answered once, in order"
    assert fake.called("chat.delete") == []
    assert not tiers.refused
    read_at = {
        number: at for (_, text), at in reader.read_at.items() if text in model.ended for number in numbers(text)
    }
    waited = sorted(read_at[number] - at for number, at in written_at.items())
    slowest = waited[-1 - messages // 100]
    if scale.full:  # on a machine that does nothing else
        assert slowest < 2 * model.seconds + LATE, "each message waits for the turn before it and for its own"


def numbers(text: str) -> set[int]:
    """The messages that an answer is about."""
    return set(map(int, re.findall(r"message (\d+)\.", text)))
