"""Slack allows no edit for the answer: it is posted, and what was being written above it is finished, also by a successor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from channels.slack import orphaned_placeholders
from channels.slack.adapter import SlackChannel
from channels.slack.place import Place, Sent
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import DIRECT, PUBLIC, TEAM, Fault
from core.domain.errors import Rejected, Unreachable
from core.ports.channel import StreamFrame
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.test_streaming import StillClock, conversation, text, thread_of
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.patience import PATIENCE
from tests.unit.web.clock import HandClock

WAIT = Fault(status=429, retry_after=30)
HERE = f"{TEAM}/{DIRECT}"


@pytest.fixture
def clock() -> HandClock:
    """Time that the test moves."""
    found = StillClock()
    found.seconds = (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()
    return found


@pytest.fixture
async def live(
    fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Hub]:
    """A started channel with that clock."""
    monkeypatch.setattr(orphaned_placeholders, "_GRACE", 0.05)
    around = surroundings(store, tmp_path, clock=clock)
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as hub:
        yield hub


async def begin_without_words(hub: Hub) -> None:
    """A placeholder, since other conversations have used up what may be edited besides."""
    spare = hub.channel._streams.edits.grants_for(Place.of(HERE))
    while await spare.take(spare=True):
        pass
    await hub.channel.stream(conversation(HERE), [text("We open", 0)])
    assert hub.fake.shown() == ["…"]


async def asked(fake: SlackFake, method: str, times: int) -> None:
    """Slack was asked for it so often, whatever it answered."""
    async with asyncio.timeout(PATIENCE):
        while len(fake.called(method)) < times:  # noqa: ASYNC110 - what is refused is no news
            await asyncio.sleep(0.01)


async def left(store: SqlStore) -> list[str]:
    return list(await store.recall_all("slack", "default", "left/"))


async def nothing_left(store: SqlStore) -> None:
    """What was to be finished is finished."""
    async with asyncio.timeout(PATIENCE):
        while await left(store):  # noqa: ASYNC110 - a table has no event to wait for
            await asyncio.sleep(0.01)


async def test_a_placeholder_that_must_stay_for_a_while_is_deleted_after_the_next_start(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    await begin_without_words(live)
    fake.fail("chat.update", WAIT)
    fake.fail("chat.delete", WAIT)
    await live.answer("We open at nine.")
    await asked(fake, "chat.delete", 1)
    await live.channel.stop()
    assert fake.shown() == ["…", "We open at nine."]
    around = surroundings(store, tmp_path, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)):
        await fake.until(lambda: fake.shown() == ["We open at nine."])
    assert await left(store) == []


async def test_a_stream_is_stopped_after_the_next_start(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    growing = fake.channels[PUBLIC].messages[-1]
    fake.fail("chat.stopStream", WAIT, WAIT)
    await live.answer("We open at nine.", thread)
    await asked(fake, "chat.stopStream", 2)
    await live.channel.stop()
    assert growing["streaming_state"] != "completed"
    around = surroundings(store, tmp_path, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)):
        await fake.until(lambda: growing["streaming_state"] == "completed")
    assert growing in fake.channels[PUBLIC].messages
    assert growing["markdown"] == "We open"


async def test_calls_under_way_end_before_the_channel_stops(
    live: Hub, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphaned_placeholders, "_GRACE", 5.0)
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    growing, place = live.fake.channels[PUBLIC].messages[-1], Place.of(thread)
    client = await live.channel._client(place)
    sent = Sent(PUBLIC, growing["ts"])
    await live.channel._streams.abandoned.leave(client, place, sent, streaming=True, worded=True)
    await live.channel.stop()
    assert growing["streaming_state"] == "completed"
    assert await left(store) == []


async def test_a_later_try_at_the_answer_does_not_take_the_place_of_what_is_deleted(
    live: Hub, clock: HandClock
) -> None:
    await begin_without_words(live)
    live.fake.fail("chat.update", WAIT)
    live.fake.fail("chat.delete", WAIT)
    live.fake.fail("chat.postMessage", Fault(status=503))
    with pytest.raises(Unreachable):
        await live.answer("We open at nine.")
    await live.answer("We open at nine.")
    clock.seconds += 31
    await asked(live.fake, "chat.delete", 2)
    assert live.fake.shown() == ["We open at nine."]


async def test_a_placeholder_of_a_process_that_ended_is_deleted_below_an_answer_that_had_to_be_posted(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    """The process that answers has not written it, and looks what stands there."""
    await begin_without_words(live)
    await live.channel.stop()
    around = surroundings(store, tmp_path, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        fake.fail("chat.update", WAIT)
        await other.answer("We open at nine.")
        await fake.until(lambda: fake.shown() == ["We open at nine."])
        await nothing_left(store)


async def test_words_of_a_process_that_ended_stay(live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    await live.channel.stream(conversation(HERE), [text("We open", 0)])
    await live.channel.stop()
    around = surroundings(store, tmp_path, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        fake.fail("chat.update", WAIT)
        await other.answer("We open at nine.")
        await nothing_left(store)
    assert fake.shown() == ["We open", "We open at nine."]


@pytest.mark.parametrize("trouble", [WAIT, Fault(status=503)], ids=["limited", "broken"])
@pytest.mark.parametrize("times", [2, 8])
@pytest.mark.parametrize("threaded", [False, True], ids=["direct", "thread"])
async def test_what_is_withdrawn_disappears_as_soon_as_slack_deletes_it(
    live: Hub, clock: HandClock, trouble: Fault, times: int, *, threaded: bool
) -> None:
    """Nothing that was withdrawn may look like the answer, however long Slack allows no call."""
    place, channel = (await thread_of(live), PUBLIC) if threaded else (HERE, DIRECT)
    await live.channel.stream(conversation(place), [text("It costs 11.", 0)])
    live.fake.fail("chat.stopStream" if threaded else "chat.delete", *[trouble] * times)
    await live.channel.stream(conversation(place), [StreamFrame("discard", "t1", 1)])
    await live.answer("I could not answer that.", place)
    assert len(live.fake.shown(channel)) == 2
    async with asyncio.timeout(PATIENCE):
        while len(live.fake.shown(channel)) > 1:
            clock.seconds += 3600
            await asyncio.sleep(0.01)
    assert live.fake.shown(channel) == ["I could not answer that."]


async def test_what_is_withdrawn_and_may_not_be_deleted_becomes_the_answer(live: Hub) -> None:
    await live.channel.stream(conversation(HERE), [text("It costs 11.", 0)])
    live.fake.fail("chat.delete", Fault(error="cant_delete_message"))
    with pytest.raises(Rejected):
        await live.channel.stream(conversation(HERE), [StreamFrame("discard", "t1", 1)])
    await live.answer("I could not answer that.")
    assert live.fake.shown() == ["I could not answer that."]
