"""Slack begins a message and its answer is lost, or we die before noting it: nothing without words is left beside the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.slack.adapter import SlackChannel
from channels.slack.client import SlackClient
from channels.slack.place import Sent
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import DIRECT, PUBLIC, TEAM, Fault
from core.domain.errors import OutcomeUnknown
from core.domain.messages import Author
from core.ports.channel import StreamFrame
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.test_streaming import StillClock, conversation, text, thread_of
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.patience import PATIENCE
from tests.unit.web.clock import HandClock

LOST = Fault(drop=True, written=True)


@pytest.fixture
def clock() -> HandClock:
    """Time that the test moves."""
    found = StillClock()
    found.seconds = (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()
    return found


@pytest.fixture
async def live(fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock) -> AsyncIterator[Hub]:
    """A started channel with that clock."""
    around = surroundings(store, tmp_path, clock=clock)
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as hub:
        yield hub


def everything(fake: SlackFake, channel: str = PUBLIC) -> list[str]:
    """All of ours, also what has no words."""
    return [str(one.get("text") or one.get("markdown")) for one in fake.channels[channel].messages if one.get("bot_id")]


async def begin_in_vain(hub: Hub, thread: str) -> None:
    """Slack has begun a message, and nobody hears of it."""
    method = "chat.startStream" if thread.count("/") == 2 else "chat.postMessage"
    hub.fake.fail(method, LOST)
    with pytest.raises(OutcomeUnknown):
        await hub.channel.stream(conversation(thread), [text("We open", 0)])
    assert len(everything(hub.fake, thread.split("/")[1])) == 1


async def test_in_a_thread_it_is_gone_when_the_answer_comes(live: Hub) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    await live.channel.stream(conversation(thread), [text(" at nine.", 1)])
    await live.answer("We open at nine.", thread)
    assert everything(live.fake) == ["We open at nine."]
    assert not await _begun(live)


async def test_in_direct_messages_too(live: Hub) -> None:
    await begin_in_vain(live, f"{TEAM}/{DIRECT}")
    await live.answer("We open at nine.")
    assert everything(live.fake, DIRECT) == ["We open at nine."]


async def test_a_person_who_takes_over_speaks_alone(live: Hub) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
    assert everything(live.fake) == ["Ben here."]


async def test_what_is_withdrawn_leaves_nothing(live: Hub) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    await live.channel.stream(conversation(thread), [StreamFrame("discard", "t1", 1)])
    assert everything(live.fake) == []


async def test_the_successor_of_a_process_that_died_clears_up(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after Slack began the message and before that was noted: then only the beginning is remembered."""
    thread = await thread_of(live)
    started, forever = asyncio.Event(), asyncio.Event()
    start = SlackClient.start_stream

    async def killed_here(self: SlackClient, *given: Any, **named: Any) -> Sent:
        sent = await start(self, *given, **named)
        started.set()
        await forever.wait()
        return sent

    monkeypatch.setattr(SlackClient, "start_stream", killed_here)
    dying = asyncio.create_task(live.channel.stream(conversation(thread), [text("We open", 0)]))
    await started.wait()
    dying.cancel()
    monkeypatch.undo()
    assert everything(fake) == ["We open"]
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.channel.stream(conversation(thread), [text("We open", 0, epoch=2)])
        await other.answer("We open at nine.", thread)
    assert everything(fake) == ["We open at nine."]


@pytest.mark.parametrize("direct", [False, True])
async def test_words_of_a_process_that_died_before_it_noted_their_message_are_taken_away(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock, direct: bool
) -> None:
    thread = f"{TEAM}/{DIRECT}" if direct else await thread_of(live)
    where = thread.split("/")[1]
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    assert everything(fake, where) == ["We open"]
    clock.seconds += 20
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
        assert everything(fake, where) == ["Ben here."]


async def test_the_name_of_a_message_is_noted_when_no_words_follow(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    async with asyncio.timeout(PATIENCE):
        while await _begun(live):
            clock.seconds += 0.5
            await asyncio.sleep(0.02)
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)) as other:
        await other.answer("We open at nine.", thread)
    assert everything(fake) == ["We open at nine."]
    assert fake.called("chat.delete") == [], "it became the answer"


async def test_what_nobody_comes_back_to_is_swept_after_a_start(
    live: Hub, fake: SlackFake, store: SqlStore, tmp_path: Path, clock: HandClock
) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    await live.channel.stop()
    clock.seconds += 20
    around = surroundings(store, tmp_path, clock=clock, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, Sink(), fake)):
        await fake.until(lambda: everything(fake) == [])


async def later(clock: HandClock, holds: Callable[[], bool]) -> None:
    """Let time pass until it holds: a search that begins late counts its pause from then."""
    async with asyncio.timeout(PATIENCE):
        while not holds():
            clock.seconds += 40
            await asyncio.sleep(0.05)


async def test_one_that_slack_shows_late_is_found_later(live: Hub, clock: HandClock) -> None:
    """The request was still on its way when the answer was sent."""
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    messages = live.fake.channels[PUBLIC].messages
    late = messages.pop()
    await live.answer("We open at nine.", thread)
    messages.append(late)
    await later(clock, lambda: everything(live.fake) == ["We open at nine."])


async def test_where_slack_does_not_let_us_look_the_answer_comes_all_the_same(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    live.fake.fail("conversations.replies", Fault(status=503))
    await live.answer("We open at nine.", thread)
    assert "We open at nine." in everything(live.fake)
    await later(clock, lambda: everything(live.fake) == ["We open at nine."])


async def test_a_channel_that_lets_nobody_look_any_more_is_not_asked_for_ever(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    await begin_in_vain(live, thread)
    asked = live.fake.faults["conversations.replies"]
    asked.extend([Fault(error="channel_not_found")] * 9)
    async with asyncio.timeout(PATIENCE):
        while len(asked) == 9:
            assert await _begun(live)
            clock.seconds += 10
        clock.seconds += 86_400
        while await _begun(live):
            clock.seconds += 10
    assert asked, "it is not asked for until somebody answers"


async def _begun(hub: Hub) -> bool:
    return any(mark.begins for mark in (await hub.channel._streams.marks.all()).values())


async def test_nothing_of_others_and_nothing_with_words_is_touched(live: Hub) -> None:
    thread = await thread_of(live)
    root = thread.rpartition("/")[2]
    live.fake.say("", channel=PUBLIC, thread_ts=root, subtype="file_share", files=[live.fake.file("a.txt", b"a")])
    (receipt,) = await live.answer("…", thread, turn_id="t0")
    other = {"type": "message", "user": "U0OTHERBOT", "bot_id": "B0OTHER", "text": "", "ts": live.fake.ts()}
    live.fake.channels[PUBLIC].messages.append({**other, "thread_ts": root})
    await begin_in_vain_beside(live, thread)
    await live.answer("We open at nine.", thread)
    left = [one["ts"] for one in live.fake.channels[PUBLIC].messages]
    assert other["ts"] in left
    assert str(receipt.provider_id).rpartition("/")[2] in left
    assert len(left) == 5


async def begin_in_vain_beside(hub: Hub, thread: str) -> None:
    """The same, where other messages are."""
    hub.fake.fail("chat.startStream", LOST)
    with pytest.raises(OutcomeUnknown):
        await hub.channel.stream(conversation(thread), [text("We open", 0)])


async def test_a_beginning_that_certainly_failed_is_in_no_doubt(live: Hub) -> None:
    thread = await thread_of(live)
    live.fake.fail("chat.startStream", Fault(status=429, retry_after=5))
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    assert not await _begun(live)
