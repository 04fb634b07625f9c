"""An answer while it is being written, and who may finish it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack import streams as streams_module
from channels.slack.adapter import SlackChannel
from channels.slack.client import SlackClient
from channels.slack.place import Sent
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, DIRECT, PUBLIC, TEAM, Fault
from core.domain.conversation import Conversation, OwnershipState
from core.domain.errors import OutcomeUnknown, StoreUnavailable, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import Author, Note
from core.ports.channel import StreamFrame
from core.ports.store import Claim
from core.ports.surroundings import Allowed
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, Unfenced, outbound, serving, settings, surroundings
from tests.patience import PATIENCE
from tests.unit.web.clock import HandClock


def conversation(thread: str) -> Conversation:
    key = ConversationKey("slack", "default", thread)
    return Conversation(
        id=key.conversation_id,
        key=key,
        customer_id="c1",
        state=OwnershipState.BOT,
        owner=None,
        epoch=1,
        ownership_epoch=1,
        last_seq=1,
        done_seq=0,
        attempts=0,
        created_at=datetime.now(UTC),
    )


def text(delta: str, index: int, *, turn: str = "t1", epoch: int = 1) -> StreamFrame:
    return StreamFrame("text", turn, epoch, index, {"delta": delta})


class StillClock(HandClock):
    """Nobody else moves it: who sleeps waits until the test has moved it on."""

    async def sleep(self, seconds: float) -> None:
        until = self.seconds + seconds
        while self.seconds < until:  # noqa: ASYNC110 - the clock is a number
            await asyncio.sleep(0.01)


@pytest.fixture
async def clock() -> HandClock:
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


def unfenced(hub: Hub) -> Unfenced:
    """What stands in for the fence."""
    return cast(Unfenced, hub.around.showing)


async def thread_of(hub: Hub) -> str:
    mention = hub.fake.say(f"<@{BOT}> hello", channel=PUBLIC)
    await hub.push(mention)
    return f"{TEAM}/{PUBLIC}/{mention['event']['ts']}"


async def test_in_a_thread_it_grows_and_becomes_the_answer(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open ", 0)])
    await live.channel.stream(conversation(thread), [text("at nine. ", 1)])
    clock.seconds += 2
    await live.channel.stream(conversation(thread), [text("On Sunday too.", 2)])
    growing = live.fake.channels[PUBLIC].messages[-1]
    assert growing["markdown"] == "We open at nine. On Sunday too."
    (start,) = live.fake.called("chat.startStream")
    assert (start["recipient_user_id"], start["recipient_team_id"]) == (ANNA, TEAM)
    assert start["markdown_text"] == "We open "
    assert len(live.fake.called("chat.appendStream")) == 1
    (receipt,) = await live.answer("We open at nine. On Sunday too.", thread)
    assert live.fake.shown(PUBLIC) == ["We open at nine. On Sunday too."]
    assert growing["streaming_state"] == "completed"
    assert live.fake.called("chat.update") == []
    assert receipt.provider_id == f"m/{PUBLIC}/{growing['ts']}"
    (payload,) = live.channel.render(outbound("We open at nine. On Sunday too.", thread))
    assert await live.channel.outcome(payload, idempotency_key="d1:0") == receipt


async def test_in_a_shared_channel_it_is_for_a_person_of_their_own_workspace(live: Hub) -> None:
    live.fake.users[ANNA]["team_id"] = "T0CUSTOMER"
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    (start,) = live.fake.called("chat.startStream")
    assert (start["recipient_user_id"], start["recipient_team_id"]) == (ANNA, "T0CUSTOMER")


async def test_in_direct_messages_it_is_edited(live: Hub, clock: HandClock) -> None:
    place = conversation(f"{TEAM}/{DIRECT}")
    await live.channel.stream(place, [text("We **open** ", 0)])
    assert live.fake.shown() == ["We *open*"]
    clock.seconds += 3
    await live.channel.stream(place, [text("at nine.", 1)])
    assert live.fake.shown() == ["We *open* at nine."]
    assert live.fake.called("chat.startStream") == []
    await live.answer("We open at nine.")
    assert live.fake.shown() == ["We open at nine."]


@pytest.mark.parametrize("error", ["unknown_method", "missing_scope", "feature_not_enabled"])
async def test_where_streaming_is_refused_it_is_edited(live: Hub, error: str) -> None:
    thread = await thread_of(live)
    live.fake.fail("chat.startStream", Fault(error=error))
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    await live.answer("We open at nine.", thread)
    assert live.fake.shown(PUBLIC) == ["We open at nine."]


async def test_what_is_withdrawn_disappears(live: Hub) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("Perhaps", 0)])
    await live.channel.stream(conversation(thread), [StreamFrame("discard", "t1", 1)])
    assert live.fake.shown(PUBLIC) == []
    await live.channel.stream(conversation(thread), [text("Certainly", 0)])
    await live.answer("Certainly.", thread)
    assert live.fake.shown(PUBLIC) == ["Certainly."]


async def test_what_a_person_says_waits_for_a_message_that_is_just_being_begun(
    live: Hub, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack has been asked to begin it, and does so when the person has claimed: it would stand below their words."""
    thread = await thread_of(live)
    asked = SlackClient.start_stream

    async def claimed_meanwhile(self: SlackClient, *given: Any, **named: Any) -> Sent:
        with pytest.raises(Unreachable):
            await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
        return await asked(self, *given, **named)

    monkeypatch.setattr(SlackClient, "start_stream", claimed_meanwhile)
    await live.channel.stream(conversation(thread), [text("The refund is", 0)])
    async with asyncio.timeout(PATIENCE):
        while live.fake.shown(PUBLIC) or any(
            mark.begins for mark in (await live.channel._streams.marks.all()).values()
        ):
            clock.seconds += 1
            await asyncio.sleep(0.05)
    await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
    assert live.fake.shown(PUBLIC) == ["Ben here."]


async def test_nothing_is_begun_below_what_a_person_has_just_said(live: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    thread = await thread_of(live)
    showing = unfenced(live)
    begin = showing.begin_showing

    async def claimed_before(*given: Any) -> Allowed:
        monkeypatch.setattr(showing, "begin_showing", begin)
        await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
        return await begin(*given)

    monkeypatch.setattr(showing, "begin_showing", claimed_before)
    await live.channel.stream(conversation(thread), [text("The refund is", 0)])
    assert live.fake.shown(PUBLIC) == ["Ben here."]
    assert live.fake.called("chat.startStream") == []


async def test_nothing_is_begun_while_an_earlier_message_is_on_its_way(live: Hub) -> None:
    thread = await thread_of(live)
    unfenced(live).busy = True
    await live.channel.stream(conversation(thread), [text("On Sunday", 0)])
    assert live.fake.called("chat.startStream") == []
    unfenced(live).busy = False
    await live.channel.stream(conversation(thread), [text(" too.", 1)])
    (start,) = live.fake.called("chat.startStream")
    assert start["markdown_text"] == "On Sunday too."


@pytest.mark.parametrize("words", [True, False])
async def test_what_the_customer_added_is_asked_for_whatever_is_shown_first(live: Hub, words: bool) -> None:
    thread = await thread_of(live)
    sources = StreamFrame("sources", "t1", 1, 0, {"citations": []}, answers_to=7)
    await live.channel.stream(conversation(thread), [sources, *([text("We open", 0)] if words else [])])
    assert [claim.answers_to for claim in unfenced(live).claims] == [7]


async def test_words_that_may_have_arrived_stand_once_in_the_answer(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open ", 0)])
    clock.seconds += 2
    live.fake.fail("chat.appendStream", Fault(drop=True, written=True))
    with pytest.raises(OutcomeUnknown):
        await live.channel.stream(conversation(thread), [text("at nine.", 1)])
    await live.answer("We open at nine.", thread)
    assert live.fake.shown(PUBLIC) == ["We open at nine."]


async def test_a_name_that_may_have_been_written_down_is_looked_up(
    live: Hub, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database commits it, and its answer is lost; the delivered answer is taken away by nobody."""
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open ", 0)])
    showing = unfenced(live)
    go_on = showing.go_on_showing

    async def unheard(claim: Claim, note: Note | None = None) -> Allowed:
        monkeypatch.setattr(showing, "go_on_showing", go_on)
        await go_on(claim, note)
        raise StoreUnavailable("The database did not answer.")

    monkeypatch.setattr(showing, "go_on_showing", unheard)
    clock.seconds += 1
    with pytest.raises(StoreUnavailable):
        await live.channel.stream(conversation(thread), [text("at nine.", 1)])
    await live.answer("We open at nine.", thread)
    await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
    assert live.fake.shown(PUBLIC) == ["We open at nine.", "Ben here."]


async def test_a_person_who_takes_over_speaks_alone(live: Hub) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("The refund is", 0)])
    await live.answer("Ben here.", thread, author=Author.STAFF, turn_id=None)
    assert live.fake.shown(PUBLIC) == ["Ben here."]


async def test_an_answer_that_was_delivered_is_never_taken_away(live: Hub) -> None:
    """The process dies after Slack took the answer and before that was noted."""
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    (payload,) = live.channel.render(outbound("We open at nine.", thread))
    live.fake.fail("chat.update", Fault(drop=True, written=True))
    with pytest.raises(OutcomeUnknown):
        await live.channel.send(payload, idempotency_key="d1:0")
    assert await live.channel.outcome(payload, idempotency_key="d1:0") is not None
    await live.answer("Anything else?", thread, turn_id="t2")
    assert live.fake.shown(PUBLIC) == ["We open at nine.", "Anything else?"]


async def test_a_pause_that_slack_asks_for_is_kept(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    live.fake.fail("chat.appendStream", Fault(status=429, retry_after=9))
    await live.channel.stream(conversation(thread), [text("One", 0)])
    clock.seconds += 2
    await live.channel.stream(conversation(thread), [text(" ", 1)])
    clock.seconds += 8
    await live.channel.stream(conversation(thread), [text("two ", 1)])
    assert len(live.fake.called("chat.appendStream")) == 1
    clock.seconds += 2
    await live.channel.stream(conversation(thread), [text("three", 2)])
    assert live.fake.channels[PUBLIC].messages[-1]["markdown"] == "One two three"


async def test_a_message_that_somebody_deleted_is_written_anew(live: Hub) -> None:
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("We", 0)])
    live.fake.channels[DIRECT].messages.clear()
    await live.answer("We open at nine.")
    assert live.fake.shown() == ["We open at nine."]


async def test_a_status_says_that_somebody_is_at_work(live: Hub, clock: HandClock) -> None:
    thread = await thread_of(live)
    typing = StreamFrame("typing", "t1", 1, 0, {"author": "agent"})
    await live.channel.stream(conversation(thread), [typing])
    clock.seconds += 4
    await live.channel.stream(conversation(thread), [typing])
    assert [one["status"] for one in live.fake.statuses] == ["is looking that up…"]
    await live.channel.typing(ConversationKey("slack", "default", f"{TEAM}/{DIRECT}"), Author.AGENT)
    live.fake.fail("assistant.threads.setStatus", Fault(status=500))
    clock.seconds += 100
    await live.channel.typing(ConversationKey("slack", "default", thread), Author.AGENT)
    assert len(live.fake.statuses) == 1


async def test_a_later_turn_leaves_the_message_of_an_answer_that_met_trouble(live: Hub) -> None:
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("We open", 0)])
    live.fake.fail("chat.update", Fault(status=503))
    with pytest.raises(Unreachable):
        await live.answer("We open at nine.", thread)
    unfenced(live).busy = True
    await live.channel.stream(conversation(thread), [text("On Sunday", 0, turn="t2", epoch=2)])
    await live.answer("We open at nine.", thread)
    await live.answer("On Sunday too.", thread, turn_id="t2")
    assert live.fake.shown(PUBLIC) == ["We open at nine.", "On Sunday too."]


async def test_what_begins_while_older_words_are_taken_away_is_not_left_behind(
    live: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer before it waits for its turn at Slack while a later one is written already."""
    thread = await thread_of(live)
    await live.channel.stream(conversation(thread), [text("Old words", 0)])
    take = streams_module.remove
    begun: list[str] = []

    async def take_and_begin(client: SlackClient, message: Sent, *, streaming: bool) -> None:
        await take(client, message, streaming=streaming)
        if not begun:
            begun.append(message.ts)
            await live.channel.stream(conversation(thread), [text("On Sunday", 0, turn="t2", epoch=2)])

    monkeypatch.setattr(streams_module, "remove", take_and_begin)
    await live.answer("We open at nine.", thread, turn_id="t0")
    assert begun
    await live.answer("On Sunday too.", thread, turn_id="t2")
    assert live.fake.shown(PUBLIC) == ["We open at nine.", "On Sunday too."]
