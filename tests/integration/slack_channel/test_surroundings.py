"""What is done beside messages: the home tab, prompts, catching up after an outage, and the doctor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, APP_TOKEN, BOT, DIRECT, PUBLIC, TOKEN, Fault
from core.domain.conversation import Escalation, OwnershipEvent
from core.domain.errors import Unreachable
from core.domain.messages import MessageReceived
from core.ports.channel import Diagnosis
from core.ports.store import Transition
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.contract.stores.sayings import change_owner
from tests.integration.slack_channel.test_receive import StoreSink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.unit.web.clock import HandClock


def home(fake: SlackFake, tab: str = "home") -> dict[str, Any]:
    return fake.event({"type": "app_home_opened", "user": ANNA, "channel": DIRECT, "tab": tab, "event_ts": fake.ts()})


async def test_the_home_tab_lists_a_persons_conversations(hub: Hub) -> None:
    assert await hub.push(home(hub.fake)) == 200
    assert hub.fake.homes[ANNA]["blocks"][0]["text"]["text"] == "Ihre offenen Gespräche"
    assert "keine offenen" in hub.fake.homes[ANNA]["blocks"][1]["elements"][0]["text"]
    await hub.push(hub.fake.say("When &lt;b&gt; are you open?"))
    await hub.push(hub.fake.say(f"<@{BOT}> my order", channel=PUBLIC))
    await hub.push(home(hub.fake))
    listed = [block["text"]["text"] for block in hub.fake.homes[ANNA]["blocks"][1:]]
    assert [line.rpartition("|")[2] for line in listed] == ["my order>", "When &lt;b&gt; are you open?>"]
    assert all("https://example.slack.com/archives/" in line for line in listed)


async def test_the_home_tab_lists_what_is_open_and_says_who_has_it(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    around, sink = surroundings(store, tmp_path, conversations=store), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        for text in ("one", "two", "three", "four"):
            await hub.push(fake.say(f"<@{BOT}> {text}", channel=PUBLIC))
        ids = [one.conversation_id for one in sink.accepted]
        wish = Transition(OwnershipEvent.ESCALATE, escalation=Escalation("asked"))
        for conversation in ids[1:]:
            await change_owner(store, conversation, wish, [])
        for conversation in ids[2:]:
            await change_owner(store, conversation, Transition(OwnershipEvent.CLAIM, owner="Grace"), [])
        await change_owner(store, ids[3], Transition(OwnershipEvent.RESOLVE, owner="Grace"), [])
        await hub.push(home(fake))
    listed = [block["text"]["text"].rpartition("|")[2] for block in fake.homes[ANNA]["blocks"][1:]]
    assert listed == ["three> _bei einem Menschen_", "two> _wartet auf einen Menschen_", "one>"]


async def test_the_assistant_pane_suggests(hub: Hub) -> None:
    thread = {"user_id": ANNA, "channel_id": DIRECT, "thread_ts": "1767225600.000100", "context": {}}
    started = {"type": "assistant_thread_started", "assistant_thread": thread, "event_ts": hub.fake.ts()}
    await hub.push(hub.fake.event(started))
    (given,) = hub.fake.prompts
    assert given["thread_ts"] == "1767225600.000100"
    assert given["prompts"] == [{"title": "Opening hours", "message": "When are you open?"}]
    await hub.push(home(hub.fake, "messages"))
    assert len(hub.fake.prompts) == 1


async def test_the_agent_view_suggests_when_it_is_opened(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake, agent_view=True), around), around, sink, fake)) as hub:
        await hub.push(home(fake, "messages"))
    (given,) = fake.prompts
    assert "thread_ts" not in given


async def test_a_failure_afterwards_is_no_failure_of_the_event(hub: Hub) -> None:
    for method in ("views.publish", "users.info"):
        hub.fake.fail(method, Fault(status=500))
    assert await hub.push(home(hub.fake)) == 200
    assert hub.fake.homes == {}


async def test_after_an_outage_what_was_missed_is_accepted_once(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        known = fake.say("One")
        await hub.push(known)
        mention = fake.say(f"<@{BOT}> two", channel=PUBLIC)
        await hub.push(mention)
        await hub.answer("An answer")
        root = mention["event"]["ts"]
        missed = fake.say("Three")
        fake.say("Four", channel=PUBLIC, thread_ts=root)
        fake.say("Lunch?", channel=PUBLIC)
        new = fake.say(f"<@{BOT}> five", channel=PUBLIC)["event"]["ts"]
        assert await hub.channel.catch_up(sink) == 3
        await hub.push(fake.say("Six", channel=PUBLIC, thread_ts=new))
        assert await hub.push(missed, retry=3) == 200
        assert sink.accepted[-1].duplicate
        await hub.channel.settled()
        assert await hub.channel.catch_up(sink) == 0
        conversations = {one.conversation_id for one in sink.accepted}
        texts = {message.text for each in conversations for message in await store.messages(each)}
    assert texts == {"One", "two", "Three", "Four", "five", "Six"}


async def test_a_hub_that_starts_again_looks_for_what_it_missed_by_itself(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        await hub.push(fake.say("One"))
    fake.say("Two")
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)):
        async with asyncio.timeout(30):
            while len(sink.accepted) < 2:  # noqa: ASYNC110 - the sink keeps a list
                await asyncio.sleep(0.02)
    assert not sink.accepted[-1].duplicate


async def test_many_missed_messages_come_in_order(hub: Hub) -> None:
    await hub.push(hub.fake.say("First"))
    for number in range(450):
        hub.fake.say(f"Message {number}")
    sink = Sink()
    assert await hub.channel.catch_up(sink) == 450
    texts = [event.text for event in sink.events if isinstance(event, MessageReceived)]
    assert texts == [f"Message {number}" for number in range(450)]


async def test_a_place_that_cannot_be_read_keeps_nobody_else_waiting(hub: Hub) -> None:
    await hub.push(hub.fake.say("One"))
    await hub.push(hub.fake.say(f"<@{BOT}> two", channel=PUBLIC))
    hub.fake.say("Three")
    hub.fake.channels[PUBLIC].member = False
    sink = Sink()
    assert await hub.channel.catch_up(sink) == 1


async def test_while_slack_does_not_say_who_the_app_is_nothing_is_taken(
    fake: SlackFake, store: SqlStore, tmp_path: Path
) -> None:
    """A question to the app would be taken for a message to the customer; and it is looked for again."""
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        await hub.push(fake.say(f"<@{BOT}> one", channel=PUBLIC))
    fake.say(f"<@{BOT}> two", channel=PUBLIC)
    fake.fail("auth.test", *[Fault(status=503)] * 40)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        with pytest.raises(Unreachable, match="who the app is"):
            await hub.channel.catch_up(sink)
        assert len(sink.accepted) == 1
        fake.faults["auth.test"].clear()
        await hub.channel.catch_up(sink)
        assert len({one.message_id for one in sink.accepted}) == 2


async def test_a_pause_that_slack_asks_for_is_kept_while_catching_up(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path
) -> None:
    """Ten minutes after the outage began, on a clock that the test moves."""
    clock = HandClock()
    clock.seconds = (datetime.now(UTC) - datetime(2026, 1, 1, tzinfo=UTC)).total_seconds()
    around = surroundings(store, tmp_path, clock=clock)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        await hub.push(fake.say("One"))
        clock.seconds += 600
        fake.say("Two")
        began = clock.seconds
        fake.fail("conversations.history", Fault(status=429, retry_after=60), Fault(status=429, retry_after=60))
        async with asyncio.timeout(60):
            while len(sink.events) < 2:  # where the first message stood is noted behind its acknowledgement
                await hub.channel.catch_up(sink)  # or the hub's own look at its start finds the message
                await asyncio.sleep(0.01)
    heard = [event.text for event in sink.events if isinstance(event, MessageReceived)]
    assert heard[:2] == ["One", "Two"]
    assert {event.key for event in sink.events[1:]} == {sink.events[1].key}, (
        "what is read twice has one key, by which the store knows it"
    )
    assert clock.seconds - began >= 120


async def test_one_process_catches_up(hub: Hub, store: SqlStore) -> None:
    await hub.push(hub.fake.say("One"))
    hub.fake.say("Two")
    async with asyncio.timeout(30):
        while not await store.hold("slack:default:catch-up", "p2", 60.0):  # noqa: ASYNC110 - its own look at the start
            await asyncio.sleep(0.02)
    assert await hub.channel.catch_up(Sink()) == 0
    await store.let_go("slack:default:catch-up", "p2")
    assert await hub.channel.catch_up(Sink()) == 1


async def diagnosed(fake: SlackFake, store: SqlStore, folder: Path, **changes: Any) -> Sequence[Diagnosis]:
    """Without start."""
    public = changes.pop("public_url", "https://hub.example")
    around = surroundings(store, folder, public_url=public)
    return await SlackChannel(replace(settings(fake), **changes), around).diagnose()


async def test_the_doctor_finds_nothing_to_mend(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    found = await diagnosed(fake, store, tmp_path)
    assert all(one.ok for one in found), found
    assert any("https://hub.example/webhooks/slack" in one.detail for one in found)
    socket = await diagnosed(fake, store, tmp_path, app_tokens=(APP_TOKEN,), public_url=None, client_id=None)
    assert {one.check: one.ok for one in socket}["SLACK_APP_TOKEN"]


@pytest.mark.parametrize(
    ("changes", "check", "fix"),
    [
        ({"bot_tokens": ("xoxb-wrong",)}, "SLACK_BOT_TOKEN", "Install the app again"),
        ({"bot_tokens": (), "client_id": None}, "SLACK_BOT_TOKEN", "OAuth & Permissions"),
        ({"api_base_url": "http://127.0.0.1:9/api/"}, "SLACK_BOT_TOKEN", "http://127.0.0.1:9/api/"),
        ({"signing_secrets": ()}, "SLACK_SIGNING_SECRET", "Basic Information"),
        ({"public_url": None}, "PUBLIC_URL", "SLACK_APP_TOKEN"),
        ({"public_url": "http://hub.example"}, "request URL", "https"),
        ({"app_tokens": (TOKEN,)}, "SLACK_APP_TOKEN", "app-level token (xapp-)"),
        ({"client_secret": None}, "installation", "SLACK_CLIENT_SECRET"),
    ],
)
async def test_the_doctor_names_the_fix(
    fake: SlackFake, store: SqlStore, tmp_path: Path, changes: dict[str, Any], check: str, fix: str
) -> None:
    (found,) = [one for one in await diagnosed(fake, store, tmp_path, **changes) if one.check == check]
    assert not found.ok
    assert fix in (found.fix or "")


@pytest.mark.parametrize(("scope", "ok"), [("files:read", False), ("reactions:read", True)])
async def test_the_doctor_names_a_missing_scope(
    fake: SlackFake, store: SqlStore, tmp_path: Path, scope: str, ok: bool
) -> None:
    fake.workspaces[TOKEN].scopes.discard(scope)
    (found,) = [one for one in await diagnosed(fake, store, tmp_path) if one.check == "scopes"]
    assert found.ok is ok
    assert scope in found.detail
    assert f"Add {scope}" in (found.fix or "")
