"""Nothing is acknowledged before it is committed, whatever it is and whichever way it comes; then at once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, APP_TOKEN, BOT, DIRECT, PUBLIC, TEAM, Fault, Json
from core.domain.errors import StoreUnavailable
from core.domain.messages import InboundEvent, RawEvent
from core.ports.channel import Accepted
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings
from tests.patience import PATIENCE


class Gate(Sink):
    """A store that commits when the test says so. ``tried`` counts what was to be stored."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()
        self.entered = asyncio.Event()
        self.failures = 0

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        self.entered.set()
        await self.open.wait()
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("The database is away.")
        return await super().accept(events, raw)


def pressed(fake: SlackFake, action: Json) -> Json:
    answer = {"type": "message", "user": BOT, "bot_id": "B0BOT0001", "text": "At nine.", "ts": fake.ts()}
    return {
        "type": "block_actions",
        "user": {"id": ANNA, "team_id": TEAM},
        "team": {"id": TEAM},
        "channel": {"id": DIRECT},
        "message": answer,
        "actions": [{**action, "action_ts": fake.ts()}],
    }


def command(_: SlackFake) -> Json:
    given = {"command": "/support", "text": "human", "team_id": TEAM, "user_id": ANNA, "channel_id": PUBLIC}
    return {**given, "trigger_id": "1.2.abc"}


def thumb(fake: SlackFake) -> Json:
    return pressed(fake, {"action_id": "switchboard_feedback", "value": f"up {TEAM}/{DIRECT}"})


def person(fake: SlackFake) -> Json:
    label = {"type": "plain_text", "text": "Talk to a person"}
    return pressed(fake, {"action_id": "switchboard_person", "value": f"{TEAM}/{DIRECT}", "text": label})


def reaction(fake: SlackFake) -> Json:
    item = {"type": "message", "channel": DIRECT, "ts": fake.ts()}
    return fake.event({"type": "reaction_added", "user": ANNA, "reaction": "+1", "item": item, "event_ts": fake.ts()})


def mention(fake: SlackFake) -> Json:
    return fake.say(f"<@{BOT}> hello", channel=PUBLIC)


def message(fake: SlackFake) -> Json:
    return fake.say("Hello")


KINDS: list[tuple[Callable[[SlackFake], Json], str | None, str]] = [
    (message, None, "events_api"),
    (mention, None, "events_api"),
    (reaction, None, "events_api"),
    (thumb, "payload", "interactive"),
    (person, "payload", "interactive"),
    (command, "command", "slash_commands"),
]
kinds = pytest.mark.parametrize(("make", "form", "envelope"), KINDS, ids=[make.__name__ for make, _, _ in KINDS])


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def over_http(fake: SlackFake, store: SqlStore, gate: Gate, tmp_path: Path) -> AsyncIterator[Hub]:
    around = surroundings(store, tmp_path)
    async with serving(Hub(SlackChannel(settings(fake), around), around, gate, fake)) as hub:
        yield hub
        gate.open.set()


@pytest.fixture
async def by_socket(fake: SlackFake, store: SqlStore, gate: Gate, tmp_path: Path) -> AsyncIterator[Hub]:
    around = surroundings(store, tmp_path, public_url=None)
    channel = SlackChannel(settings(fake, app_tokens=(APP_TOKEN,), signing_secrets=()), around)
    await channel.start(gate)
    yield Hub(channel, around, gate, fake)
    gate.open.set()
    await channel.stop()


@kinds
async def test_over_http(
    over_http: Hub, gate: Gate, make: Callable[[SlackFake], Json], form: str | None, envelope: str
) -> None:
    payload = make(over_http.fake)
    delivery = asyncio.create_task(over_http.fake.push(over_http.hook, payload, form=form))
    await gate.entered.wait()
    await asyncio.sleep(0.1)  # as long as an acknowledgement that comes too early would need
    assert not delivery.done()
    assert gate.events == []
    gate.open.set()
    status, _ = await delivery
    assert status == 200
    assert gate.events


@kinds
async def test_over_http_a_database_that_is_away_is_no_acknowledgement(
    over_http: Hub, gate: Gate, make: Callable[[SlackFake], Json], form: str | None, envelope: str
) -> None:
    gate.failures = 1
    gate.open.set()
    payload = make(over_http.fake)
    assert (await over_http.fake.push(over_http.hook, payload, form=form))[0] == 503
    assert (await over_http.fake.push(over_http.hook, payload, form=form, retry=1))[0] == 200
    assert gate.events


@kinds
async def test_over_a_socket(
    by_socket: Hub, gate: Gate, make: Callable[[SlackFake], Json], form: str | None, envelope: str
) -> None:
    fake = by_socket.fake
    gate.failures = 1
    envelope_id = await fake.push_socket(make(fake), envelope)
    await gate.entered.wait()
    await asyncio.sleep(0.1)
    assert fake.acknowledged == {}
    gate.open.set()  # the first try fails, and is tried again without Slack's help
    assert (await fake.acknowledgement(envelope_id))["envelope_id"] == envelope_id
    assert gate.events


def opened(fake: SlackFake) -> Json:
    """The app's home: nothing in it has to be kept, so there is nothing to wait for."""
    return fake.event(
        {"type": "app_home_opened", "user": ANNA, "channel": DIRECT, "tab": "home", "event_ts": fake.ts()}
    )


async def test_the_home_tab_is_acknowledged_before_it_is_made(over_http: Hub) -> None:
    over_http.fake.fail("users.info", Fault(silent=True))
    async with asyncio.timeout(PATIENCE / 2):
        assert (await over_http.fake.push(over_http.hook, opened(over_http.fake)))[0] == 200
    over_http.fake.silence_over.set()
    await over_http.channel.settled()
    assert ANNA in over_http.fake.homes


async def test_the_home_tab_by_socket_too(by_socket: Hub) -> None:
    fake = by_socket.fake
    envelope_id = await fake.push_socket(opened(fake))
    async with asyncio.timeout(PATIENCE / 2):
        await fake.acknowledgement(envelope_id)
    await fake.until(lambda: ANNA in fake.homes)


async def test_the_home_tab_shows_what_was_acknowledged_just_before(over_http: Hub, gate: Gate) -> None:
    gate.open.set()
    fake = over_http.fake
    assert (await fake.push(over_http.hook, fake.say("Where is my order?")))[0] == 200
    assert (await fake.push(over_http.hook, opened(fake)))[0] == 200
    await fake.until(lambda: "Where is my order?" in _home(fake))


def _home(fake: SlackFake) -> str:
    found: Any = fake.homes.get(ANNA, {})
    return json.dumps(found)
