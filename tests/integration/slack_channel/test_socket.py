"""Socket Mode: an envelope is acknowledged after the commit, and by one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from channels.slack import socket_mode
from channels.slack.adapter import SlackChannel
from channels.slack.client import SlackClient, open_transport
from channels.slack.socket_mode import SocketMode
from channels.slack.wire import Json
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, APP_TOKEN, DIRECT, TEAM, Fault
from core.clock import SystemClock
from core.domain.errors import UnknownMessage
from core.domain.messages import CustomerAction, InboundEvent, MessageReceived, RawEvent
from core.ports.channel import Accepted, WebhookReply
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, settings, surroundings


@pytest.fixture
async def socketed(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path) -> AsyncIterator[Hub]:
    """A channel without any route to it."""
    around = surroundings(store, tmp_path, public_url=None)
    channel = SlackChannel(settings(fake, app_tokens=(APP_TOKEN,), signing_secrets=()), around)
    await channel.start(sink)
    yield Hub(channel, around, sink, fake)
    await channel.stop()


async def test_events_commands_and_presses_come_in(socketed: Hub, sink: Sink) -> None:
    fake = socketed.fake
    said = await fake.push_socket(fake.say("Hello"))
    command = {"command": "/support", "text": "human", "team_id": TEAM, "user_id": ANNA, "trigger_id": "1.2.abc"}
    ordered = await fake.push_socket(command, "slash_commands")
    button = {"action_id": "switchboard_person", "value": f"{TEAM}/{DIRECT}", "action_ts": fake.ts()}
    action = {**button, "text": {"type": "plain_text", "text": "Talk to a person"}}
    press = {"type": "block_actions", "user": {"id": ANNA}, "channel": {"id": DIRECT}, "actions": [action]}
    pressed = await fake.push_socket(press, "interactive")
    assert await fake.acknowledgement(said) == {"envelope_id": said}
    assert (await fake.acknowledgement(ordered))["payload"]["response_type"] == "ephemeral"
    assert await fake.acknowledgement(pressed) == {"envelope_id": pressed}
    found = [event for event in sink.events if isinstance(event, MessageReceived)]
    wish = CustomerAction.REQUEST_PERSON
    assert [(event.text, event.action) for event in found] == [
        ("Hello", None),
        ("human", wish),
        ("Talk to a person", wish),
    ]


async def test_nothing_is_acknowledged_that_was_not_stored(socketed: Hub, sink: Sink) -> None:
    tried = asyncio.Event()
    accept = sink.accept

    async def watched(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        tried.set()
        return await accept(events, raw)

    sink.accept = watched  # type: ignore[method-assign]
    sink.down = True
    envelope = await socketed.fake.push_socket(socketed.fake.say("Hello"))
    await tried.wait()
    assert socketed.fake.acknowledged == {}
    sink.down = False
    await socketed.fake.acknowledgement(envelope)
    assert len(sink.events) == 1


async def test_what_cannot_be_read_is_kept_and_acknowledged(socketed: Hub, sink: Sink) -> None:
    event = socketed.fake.say("Hello")
    event["event"]["ts"] = "yesterday"
    await socketed.fake.acknowledgement(await socketed.fake.push_socket(event))
    assert len(sink.quarantined) == 1


async def test_an_edit_of_something_unknown_is_acknowledged(socketed: Hub, sink: Sink) -> None:
    async def unknown(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        raise UnknownMessage("There is none.")

    sink.accept = unknown  # type: ignore[method-assign]
    item = {"type": "message", "channel": DIRECT, "ts": socketed.fake.ts()}
    like = {"type": "reaction_added", "user": ANNA, "reaction": "+1", "item": item, "event_ts": socketed.fake.ts()}
    envelope = await socketed.fake.push_socket(socketed.fake.event(like))
    assert await socketed.fake.acknowledgement(envelope) == {"envelope_id": envelope}


async def test_a_connection_that_slack_renews_is_renewed(socketed: Hub, sink: Sink) -> None:
    fake = socketed.fake
    await fake.acknowledgement(await fake.push_socket(fake.say("One")))
    await fake.disconnect()
    await fake.acknowledgement(await fake.push_socket(fake.say("Two")))
    assert len(fake.connections) == 2
    assert len(sink.events) == 2


async def test_a_connection_that_breaks_is_made_anew(socketed: Hub) -> None:
    fake = socketed.fake
    await fake.connected.wait()
    fake.connected.clear()
    await fake.connections[-1].close()
    await fake.acknowledgement(await fake.push_socket(fake.say("Still there?")))
    assert socketed.channel.alarm is None


async def test_a_refused_address_is_replaced(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """slack_sdk tries the same address for good, but its ticket serves once."""
    monkeypatch.setattr(socket_mode, "CONNECT_SECONDS", 0.3)
    fake.fail("socket", Fault(status=403))
    around = surroundings(store, tmp_path, public_url=None)
    channel = SlackChannel(settings(fake, app_tokens=(APP_TOKEN,), signing_secrets=()), around)
    await channel.start(sink)
    await fake.acknowledgement(await fake.push_socket(fake.say("Hello")))
    await channel.stop()
    assert len(fake.called("apps.connections.open")) == 2


async def test_what_cannot_be_stored_does_not_stop_what_follows(socketed: Hub, sink: Sink) -> None:
    accept = sink.accept

    async def broken(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        sink.accept = accept  # type: ignore[method-assign]
        raise RuntimeError("A fault of ours.")

    sink.accept = broken  # type: ignore[method-assign]
    fake = socketed.fake
    lost = await fake.push_socket(fake.say("One"))
    await fake.acknowledgement(await fake.push_socket(fake.say("Two")))
    assert lost not in fake.acknowledged
    assert len(sink.events) == 1


async def test_envelopes_are_stored_in_their_order(socketed: Hub, sink: Sink) -> None:
    fake, accept = socketed.fake, sink.accept
    pauses = iter((0.2, 0.1, 0.0))

    async def slower(events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        await asyncio.sleep(next(pauses))
        return await accept(events, raw)

    sink.accept = slower  # type: ignore[method-assign]
    for envelope in [await fake.push_socket(fake.say(text)) for text in ("One", "Two", "Three")]:
        await fake.acknowledgement(envelope)
    assert [event.text for event in sink.events if isinstance(event, MessageReceived)] == ["One", "Two", "Three"]


class Noticed(SystemClock):
    """Tells when somebody waits before trying again."""

    def __init__(self) -> None:
        self.waits = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds <= 1.0:
            self.waits.set()
        await super().sleep(seconds)


async def test_a_wrong_app_token_is_an_alarm(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path) -> None:
    clock = Noticed()
    around = surroundings(store, tmp_path, public_url=None, clock=clock)
    channel = SlackChannel(settings(fake, app_tokens=("xapp-wrong",), signing_secrets=()), around)
    await channel.start(sink)
    await clock.waits.wait()
    alarm = channel.alarm
    await channel.stop()
    assert alarm == "Socket Mode is not connected: BadToken"


async def test_a_second_process_waits_for_its_turn(socketed: Hub, store: SqlStore, sink: Sink, tmp_path: Path) -> None:
    fake = socketed.fake
    await fake.connected.wait()
    around = surroundings(store, tmp_path, public_url=None, process="p2")
    second = SlackChannel(settings(fake, app_tokens=(APP_TOKEN,), signing_secrets=()), around)
    assert not await store.hold("slack:default:socket", "p2", 30.0)
    await second.start(sink)
    await fake.acknowledgement(await fake.push_socket(fake.say("Hello")))
    assert len(fake.connections) == 1
    await second.stop()
    await socketed.channel.stop()
    assert await store.hold("slack:default:socket", "p2", 30.0)


class _UncontestedLeases:
    """The lease is to be had at once, so that every step that follows is the same each time."""

    async def hold(self, _name: str, _holder: str, _seconds: float) -> bool:
        return True

    async def let_go(self, _name: str, _holder: str) -> None:
        pass


async def test_it_stops_at_whatever_step_of_connecting(fake: SlackFake) -> None:
    """On Python 3.11 the library's own way of connecting swallows a cancellation that comes in the wrong step."""

    async def nobody_writes(_payload: Json) -> WebhookReply:
        raise AssertionError

    transport = open_transport(10.0)
    for steps in range(40):
        client = SlackClient(transport, [APP_TOKEN], fake.api_url)
        socket = SocketMode(client, nobody_writes, _UncontestedLeases(), SystemClock(), "p1", "default")
        await socket.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await socket.stop()
    await transport.close()
