"""An answer while it is being written, where another process on the same database has to do with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import DIRECT, PUBLIC, TEAM
from core.domain.errors import LostClaim
from core.domain.messages import Author
from core.ports.channel import StreamFrame
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.test_streaming import clock, conversation, live, text, thread_of
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.unit.web.clock import HandClock

__all__ = ["clock", "live"]


async def test_an_older_run_of_a_turn_withdraws_nothing_of_the_newer(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.channel.stream(conversation(thread), [text("We are open", 0, epoch=2)])
        await live.channel.stream(conversation(thread), [StreamFrame("discard", "t1", 1)])
        assert fake.shown(PUBLIC) == ["We are open"]
        await other.answer("We are open at nine.", thread)
    await live.channel.stream(conversation(thread), [StreamFrame("discard", "t1", 1)])
    assert fake.shown(PUBLIC) == ["We are open at nine."]


async def test_an_older_run_that_delivers_takes_the_message_of_the_newer(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    """The first process lost the turn, and its lane got the delivery of the second."""
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.channel.stream(conversation(thread), [text("We are open", 0, epoch=2)])
        await other.channel.stop()
        await live.answer("We are open at nine.", thread)
    assert fake.shown(PUBLIC) == ["We are open at nine."]


async def test_a_successor_takes_the_unfinished_message_away(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We are", 0)])
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.channel.stream(conversation(thread), [text("We open at", 0, epoch=2)])
        clock.seconds += 5
        with pytest.raises(LostClaim):
            await live.channel.stream(conversation(thread), [text(" closed", 1)])
        await other.answer("We open at nine.", thread)
    assert fake.shown(PUBLIC) == ["We open at nine."]


async def test_what_another_process_has_said_is_noticed_before_anything_is_begun(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    """The claim is looked at before each frame: what was said since this process last read the mark may be a takeover."""
    thread = await thread_of(live)
    await live.answer("We open at nine.", thread, turn_id="t0")
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
    await live.channel.stream(conversation(thread), [text("On Sunday", 0)])
    assert fake.called("chat.startStream") == []
    await live.channel.stream(conversation(thread), [text(" too.", 1)])
    await live.answer("On Sunday too.", thread)
    assert fake.shown(PUBLIC) == ["We open at nine.", "Ben here.", "On Sunday too."]
    (start,) = fake.called("chat.startStream")
    assert start["markdown_text"] == "On Sunday too."


async def test_an_answer_that_another_process_has_delivered_is_never_taken_away(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    """This process knows the message as one that is being written, until it reads the mark again."""
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open at nine.", 0)])
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.answer("We open at nine.", thread)
    clock.seconds += 5
    await live.channel.stream(conversation(thread), [text("On Sunday", 0, turn="t2", epoch=2)])
    await live.channel.stream(conversation(thread), [text(" too.", 1, turn="t2", epoch=2)])
    await live.answer("On Sunday too.", thread, turn_id="t2")
    assert fake.shown(PUBLIC) == ["We open at nine.", "On Sunday too."]


async def test_a_worker_of_an_older_epoch_shows_nothing(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("New", 0, epoch=7)])
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        with pytest.raises(LostClaim):
            await other.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("Old", 0, epoch=6)])
    assert fake.shown() == ["New"]
