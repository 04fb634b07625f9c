"""What customers see when a workspace has more answers than Slack allows edits."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from core.storage.store import SqlStore
from tests.integration.slack_channel.engine import Model, Reader, at_work, faster
from tests.integration.slack_channel.world import settings, surroundings
from tests.scale import Scale
from tests.servers.slack_tiers import Tiers

FASTER = 4.0
"""Slack's minute lasts 15 seconds, and so does the hub's."""
A_MINUTE = 200
LATE = 5.0
"""Seconds; whoever waits for an edit that Slack refused waits three times as long here."""


@pytest.fixture
def channel(fake: SlackFake, store: SqlStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SlackChannel:
    return faster(FASTER, SlackChannel(settings(fake), surroundings(store, tmp_path, showing=store)), monkeypatch)


@pytest.mark.soak
async def test_no_answer_waits_for_its_edit(
    fake: SlackFake, store: SqlStore, tmp_path: Path, channel: SlackChannel, scale: Scale
) -> None:
    answers = scale.pick(small=80, full=1_000)
    fake.weather = tiers = Tiers(FASTER)
    model, reader = Model(seconds=2.0), Reader(fake)
    async with at_work(fake, store, tmp_path, model, channel) as hub:
        watching = asyncio.create_task(reader.watch())
        places = []
        for number in range(answers):
            places.append(reader.conversation())
            await hub.push(fake.say(f"question {number}", channel=places[-1]))
            await asyncio.sleep(60.0 / A_MINUTE / FASTER)
        await fake.until(lambda: len(reader.answered(model)) == answers)
        await fake.until(lambda: all(len(fake.shown(place)) == 1 for place in places))
        watching.cancel()
    late = sorted(at - model.ended[text] for (_, text), at in reader.read_at.items() if text in model.ended)
    assert len(late) == answers
    if scale.full:  # on a machine that does nothing else
        assert late[-1] < LATE, f"{sum(one > LATE for one in late)} late, refused: {tiers.refused}"
    assert tiers.refused["chat.update"] <= answers / 20
