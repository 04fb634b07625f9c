"""Events over HTTP: believed when signed, acknowledged after the commit, once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from channels.slack import names, post_ack_tasks
from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, DIRECT, GRACE, PUBLIC, TEAM, Fault
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.ports.channel import Accepted
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.storage.tables import receipt
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, outbound, serving, settings, surroundings
from tests.patience import PATIENCE


class StoreSink:
    """Accepts into a real store, so that duplicates are what the store says."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self.accepted: list[Accepted] = []

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        found = await self._store.accept([Acceptable(event, raw) for event in events])
        for one in found:
            if isinstance(one, Exception):
                raise one
            self.accepted.append(one)
        return self.accepted[-len(found) :]

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        await self._store.quarantine(raw, reason)


def received(sink: Sink) -> list[MessageReceived]:
    """As a store knows them: after a start the history is read as well, and brings some once more."""
    events = {event.key: event for event in sink.events if isinstance(event, MessageReceived)}
    return list(events.values())


@pytest.mark.parametrize("how", [{"secret": "wrong"}, {"age": 301}, {"age": -330}])
async def test_what_slack_did_not_sign_lately_is_refused(hub: Hub, sink: Sink, how: dict[str, Any]) -> None:
    assert await hub.push(hub.fake.say("Hello"), **how) == 401
    assert sink.events == []


async def test_many_forgeries_raise_an_alarm(hub: Hub) -> None:
    assert hub.channel.alarm is None
    for _ in range(10):
        await hub.push(hub.fake.say("Hello"), secret="wrong")
    assert hub.channel.alarm == "many requests with a wrong signature"


async def test_either_of_two_signing_secrets_is_accepted(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    rotating = SlackChannel(settings(fake, signing_secrets=("old", "new")), around)
    async with serving(Hub(rotating, around, sink, fake)) as hub:
        assert await hub.push(fake.say("One"), secret="old") == 200
        assert await hub.push(fake.say("Two"), secret="new") == 200
    assert [event.text for event in received(sink)] == ["One", "Two"]


async def test_the_challenge_is_answered_only_when_signed(hub: Hub) -> None:
    challenge = {"type": "url_verification", "token": "x", "challenge": "3eZbrw1aBm2r"}
    assert await hub.fake.push(hub.hook, challenge) == (200, b"3eZbrw1aBm2r")
    assert (await hub.fake.push(hub.hook, challenge, secret="wrong"))[0] == 401


async def test_a_redelivery_is_acknowledged_and_stored_once(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        event = fake.say("Hello")
        assert [await hub.push(event, retry=number) for number in range(4)] == [200] * 4
    assert [one.duplicate for one in sink.accepted] == [False, True, True, True]
    assert len({one.message_id for one in sink.accepted}) == 1


async def test_edits_reactions_and_deletions_reach_the_stored_message(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        said = fake.say("Hello")
        await hub.push(said)
        old = {name: said["event"][name] for name in ("type", "user", "text", "ts")}
        new = {**old, "text": "Hello!", "edited": {"user": ANNA, "ts": fake.ts()}}
        change = {"type": "message", "channel": DIRECT, "ts": fake.ts(), "message": new, "previous_message": old}
        assert await hub.push(fake.event({**change, "subtype": "message_changed"})) == 200
        item = {"type": "message", "channel": DIRECT, "ts": old["ts"]}
        like = {"type": "reaction_added", "user": ANNA, "reaction": "tada", "item": item, "event_ts": fake.ts()}
        assert await hub.push(fake.event(like)) == 200
        (stored,) = await store.messages(sink.accepted[0].conversation_id)
        assert stored.text == "Hello!"
        gone = {"type": "message", "channel": DIRECT, "ts": fake.ts(), "deleted_ts": old["ts"], "previous_message": new}
        assert await hub.push(fake.event({**gone, "subtype": "message_deleted"})) == 200
        (stored,) = await store.messages(sink.accepted[0].conversation_id)
        assert stored.deleted_at is not None


async def test_a_thread_is_ours_from_the_mention_on(hub: Hub, sink: Sink) -> None:
    before = hub.fake.say("Who has the key?", channel=PUBLIC)
    await hub.push(before)
    stranger = hub.fake.say("Me", channel=PUBLIC, thread_ts=before["event"]["ts"])
    await hub.push(stranger)
    assert sink.events == []
    mention = hub.fake.say(f"<@{BOT}> are you open?", channel=PUBLIC)
    await hub.push(mention)
    root = mention["event"]["ts"]
    await hub.push(hub.fake.say("And on Sunday?", channel=PUBLIC, thread_ts=root))
    assert [(event.text, event.conversation.thread) for event in received(sink)] == [
        ("are you open?", f"{TEAM}/{PUBLIC}/{root}"),
        ("And on Sunday?", f"{TEAM}/{PUBLIC}/{root}"),
    ]


async def test_a_thread_stays_ours_after_a_restart(
    hub: Hub, sink: Sink, fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    mention = fake.say(f"<@{BOT}> are you open?", channel=PUBLIC)
    await hub.push(mention)
    await hub.channel.stop()
    around = surroundings(store, tmp_path, process="p2")
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as again:
        await again.push(fake.say("And on Sunday?", channel=PUBLIC, thread_ts=mention["event"]["ts"]))
    assert received(sink)[-1].text == "And on Sunday?"


async def test_edits_and_reactions_among_others_ask_slack_for_no_repetition(hub: Hub, sink: Sink) -> None:
    other = hub.fake.say("Lunch?", channel=PUBLIC)["event"]
    old = {"type": "message", "user": ANNA, "text": "Lunch?", "ts": other["ts"]}
    new = {**old, "text": "Lunch at one?", "edited": {"user": ANNA, "ts": hub.fake.ts()}}
    change = {"type": "message", "subtype": "message_changed", "channel": PUBLIC, "ts": hub.fake.ts()}
    assert await hub.push(hub.fake.event({**change, "message": new, "previous_message": old})) == 200
    item = {"type": "message", "channel": PUBLIC, "ts": other["ts"]}
    like = {"type": "reaction_added", "user": ANNA, "reaction": "+1", "item": item, "event_ts": hub.fake.ts()}
    assert await hub.push(hub.fake.event(like)) == 200
    assert sink.events == []


async def test_a_reaction_to_a_reply_finds_its_thread(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        root = fake.say(f"<@{BOT}> are you open?", channel=PUBLIC)
        await hub.push(root)
        (asked,) = sink.accepted
        (sent,) = await hub.answer("We are.", f"{TEAM}/{PUBLIC}/{root['event']['ts']}")
        assert sent.provider_id is not None
        kept = {
            "channel": "slack",
            "account": hub.channel.account,
            "provider_id": sent.provider_id,
            "delivery_id": "d1",
        }
        said = {"conversation_id": asked.conversation_id, "message_id": asked.message_id, "created_at": 0.0}
        await store.database.write(lambda connection: connection.execute(insert(receipt), {**kept, **said}).rowcount)
        item = {"type": "message", "channel": PUBLIC, "ts": sent.provider_id.rpartition("/")[2]}
        like = {"type": "reaction_added", "user": ANNA, "reaction": "+1", "item": item, "event_ts": fake.ts()}
        assert await hub.push(fake.event(like)) == 200
    assert [one.conversation_id for one in sink.accepted] == [asked.conversation_id] * 2


async def test_what_cannot_be_read_is_kept_and_not_asked_for_again(hub: Hub, sink: Sink) -> None:
    event = hub.fake.say("Hello")
    event["event"]["channel"] = {"id": DIRECT}
    assert await hub.push(event) == 200
    assert len(sink.quarantined) == 1


async def test_nothing_is_acknowledged_before_the_commit(hub: Hub, sink: Sink) -> None:
    entered, committed = asyncio.Event(), asyncio.Event()
    accept = sink.accept

    async def slow(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        entered.set()
        await committed.wait()
        return await accept(events, raw)

    sink.accept = slow  # type: ignore[method-assign]
    delivery = asyncio.create_task(hub.push(hub.fake.say("Hello")))
    await entered.wait()
    assert not delivery.done()
    assert hub.fake.called("users.info") == []
    committed.set()
    assert await delivery == 200
    assert len(hub.fake.called("users.info")) == 1


async def test_a_store_that_takes_too_long_is_no_acknowledgement(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    channel = SlackChannel(settings(fake, answer_within=0.05), around)

    async def never(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        await asyncio.Event().wait()
        raise AssertionError

    sink.accept = never  # type: ignore[method-assign]
    async with serving(Hub(channel, around, sink, fake)) as hub:
        assert await hub.push(fake.say("Hello")) == 503


async def test_mentions_are_read_as_names_from_the_first_on(hub: Hub, sink: Sink) -> None:
    await hub.push(hub.fake.say(f"Ask <@{GRACE}>, see <#{PUBLIC}>"))
    await hub.push(hub.fake.say(f"And <@{GRACE}>?"))
    first, second = received(sink)
    assert (first.text, first.sender.display_name) == ("Ask @Grace, see #help-desk", None)
    assert (second.text, second.sender.display_name) == ("And @Grace?", "Anna")
    assert second.locale == "de-DE"
    assert [one["user"] for one in hub.fake.called("users.info")] == [GRACE, ANNA]


@pytest.mark.parametrize(
    ("fault", "later"),
    [(Fault(silent=True), "@Grace"), (Fault(status=500), "@Grace"), (Fault(error="user_not_found"), "@someone")],
)
async def test_a_slack_that_does_not_tell_names_holds_nothing_up(
    hub: Hub, sink: Sink, fault: Fault, later: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whom the app may not see is not asked for again with each message."""
    if fault.silent:
        monkeypatch.setattr(post_ack_tasks, "_INTRODUCTION", 0.2)
    hub.fake.fail("users.info", fault)
    status, _ = await asyncio.wait_for(hub.fake.push(hub.hook, hub.fake.say(f"Ask <@{GRACE}>")), PATIENCE / 2)
    assert status == 200
    hub.fake.silence_over.set()
    await hub.channel.settled()
    await hub.push(hub.fake.say(f"Did you ask <@{GRACE}>?"))
    assert [event.text for event in received(sink)] == ["Ask @someone", f"Did you ask {later}?"]


async def test_newcomers_are_looked_up_no_faster_than_slack_allows(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes too fast is looked up behind a later message."""
    monkeypatch.setattr(names, "_LOOK_UPS", 1)
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        for user in (ANNA, GRACE, GRACE):
            await hub.push(fake.say("Hello", user=user))
        assert [one["user"] for one in fake.called("users.info")] == [ANNA]
        monkeypatch.setattr(names, "_MINUTE", 0.0)
        await hub.push(fake.say("Is anybody there?", user=GRACE))
        assert [one["user"] for one in fake.called("users.info")] == [ANNA, GRACE]


async def test_nobody_is_looked_up_for_whom_slack_did_not_sign(hub: Hub) -> None:
    await hub.push(hub.fake.say(f"Ask <@{GRACE}>"), secret="wrong")
    assert hub.fake.called("users.info") == []


async def test_a_command_is_answered_at_once_and_in_the_direct_messages(hub: Hub, sink: Sink) -> None:
    command = {"command": "/support", "text": "When are you open?", "team_id": TEAM, "user_id": ANNA}
    given = {**command, "channel_id": PUBLIC, "trigger_id": "1.2.abc"}
    status, body = await hub.fake.push(hub.hook, given, form="command")
    assert status == 200
    assert b"ephemeral" in body
    (event,) = received(sink)
    await hub.answer("At nine.", event.conversation.thread)
    await hub.channel.settled()
    assert hub.fake.shown(DIRECT) == ["At nine."]
    await hub.push(hub.fake.say("And on Sunday?"))
    assert received(sink)[-1].conversation == event.conversation


async def test_a_press_is_a_wish_of_the_same_conversation(hub: Hub, sink: Sink) -> None:
    (receipt,) = await hub.answer("At nine.")
    message = hub.fake.channels[DIRECT].messages[-1]
    button = message["blocks"][-1]["elements"][0]
    press = {
        "type": "block_actions",
        "user": {"id": ANNA, "team_id": TEAM},
        "team": {"id": TEAM},
        "channel": {"id": DIRECT},
        "message": message,
        "actions": [{**button, "action_ts": hub.fake.ts()}],
    }
    assert await hub.push(press, form="payload") == 200
    assert await hub.push(press, form="payload", retry=1) == 200
    first, again = (event for event in sink.events if isinstance(event, MessageReceived))
    assert first.key == again.key
    assert first.conversation == outbound("").conversation
    assert receipt.tracked


async def test_an_edit_that_comes_too_early_is_asked_for_again(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        said = fake.say("Hello")
        old = {name: said["event"][name] for name in ("type", "user", "text", "ts")}
        new = {**old, "text": "Hello!", "edited": {"user": ANNA, "ts": fake.ts()}}
        change = fake.event(
            {
                "type": "message",
                "subtype": "message_changed",
                "channel": DIRECT,
                "ts": fake.ts(),
                "message": new,
                "previous_message": old,
            }
        )
        assert await hub.push(change) == 503
        assert await hub.push(said) == 200
        assert await hub.push(change, retry=1) == 200
