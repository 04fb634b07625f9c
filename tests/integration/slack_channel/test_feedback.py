"""Thumbs on Slack are the same ratings as the widget's: the buttons under an answer, and the emoji on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select

from channels.slack.adapter import SlackChannel
from channels.slack.buttons import FEEDBACK
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, BOT, DIRECT, GRACE, PUBLIC, TEAM, Json
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.domain.messages import Author, MessageKind
from core.intake import Intake
from core.ports.metrics import Counter, NoMetrics
from core.ports.store import NewMessage, TurnOutcome
from core.storage.store import SqlStore
from core.storage.tables import feedback
from core.storage.wake_local import LocalWake
from tests.integration.slack_channel.world import Hub, outbound, serving, settings, surroundings


class Counted(NoMetrics):
    """Remembers which ratings were counted."""

    def __init__(self) -> None:
        self.ratings: list[str] = []

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        if counter is Counter.FEEDBACK:
            self.ratings.append(labels["rating"])


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
async def rated(fake: SlackFake, store: SqlStore, counted: Counted, tmp_path: Path) -> AsyncIterator[Hub]:
    """The channel with the hub's own intake behind it."""
    around = surroundings(store, tmp_path)
    channel = SlackChannel(settings(fake), around)
    intake = Intake(store, LocalWake(), counted, {"slack": channel.capabilities})
    async with serving(Hub(channel, around, intake, fake)) as hub:
        yield hub


async def answered(hub: Hub, store: SqlStore, event: Json, channel: str) -> Json:
    """Somebody asks; the answer, as it stands in Slack."""
    assert await hub.push(event) == 200
    (turn,) = await store.claim(1, 30.0, history=10)
    said = NewMessage(Author.AGENT, "We open at nine.", MessageKind.ANSWER)
    await store.finish([TurnOutcome(turn.claim, handled_seq=turn.conversation.last_seq, messages=(said,))])
    delivery = DeliveryService([hub.channel], store, LocalWake(), SystemClock(), NoMetrics(), DeliverySettings())
    await delivery.start()
    await hub.fake.until(lambda: hub.fake.shown(channel) == ["We open at nine."])
    await delivery.stop()
    await hub.channel.settled()
    return next(one for one in hub.fake.channels[channel].messages if one.get("bot_id"))


async def press(hub: Hub, answer: Json, which: str, *, channel: str = DIRECT, user: str = ANNA) -> None:
    """One of the two thumbs under it."""
    (buttons,) = [
        element
        for block in answer["blocks"]
        for element in block.get("elements", [])
        if element.get("action_id") == FEEDBACK
    ]
    value = buttons[f"{which}_button"]["value"]
    action = {"type": "feedback_buttons", "action_id": FEEDBACK, "value": value, "action_ts": hub.fake.ts()}
    pressed = {
        "type": "block_actions",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM, "domain": "example"},
        "channel": {"id": channel, "name": "here"},
        "message": answer,
        "actions": [action],
    }
    assert await hub.push(pressed, form="payload") == 200


async def react(hub: Hub, answer: Json, name: str, *, added: bool = True, channel: str, user: str = ANNA) -> None:
    """An emoji on it, or off."""
    item = {"type": "message", "channel": channel, "ts": answer["ts"]}
    kind = "reaction_added" if added else "reaction_removed"
    event = {"type": kind, "user": user, "reaction": name, "item": item, "item_user": BOT, "event_ts": hub.fake.ts()}
    assert await hub.push(hub.fake.event(event)) == 200


async def ratings(store: SqlStore) -> list[Any]:
    def work(connection: Connection) -> list[Any]:
        return list(connection.scalars(select(feedback.c.rating)))

    return await store.database.read(work)


async def test_a_pressed_thumb_is_feedback_and_the_other_one_changes_it(
    rated: Hub, store: SqlStore, counted: Counted
) -> None:
    answer = await answered(rated, store, rated.fake.say("When are you open?"), DIRECT)
    await press(rated, answer, "positive")
    assert await ratings(store) == ["up"]
    await press(rated, answer, "positive")  # Slack tells of it again
    await press(rated, answer, "negative")
    assert await ratings(store) == ["down"]
    assert counted.ratings == ["up", "down"]


async def test_an_emoji_on_an_answer_is_feedback_until_it_is_taken_off(
    rated: Hub, store: SqlStore, counted: Counted
) -> None:
    question = rated.fake.say(f"<@{BOT}> when are you open?", channel=PUBLIC)
    answer = await answered(rated, store, question, PUBLIC)
    await react(rated, answer, "-1::skin-tone-4", channel=PUBLIC)
    assert await ratings(store) == ["down"]
    await react(rated, answer, "thumbsup", channel=PUBLIC, user=GRACE)
    assert await ratings(store) == ["up"]
    await react(rated, answer, "thumbsup", added=False, channel=PUBLIC, user=GRACE)
    assert await ratings(store) == ["down"]
    await react(rated, answer, "-1::skin-tone-4", added=False, channel=PUBLIC)
    await react(rated, answer, "tada", channel=PUBLIC)
    assert await ratings(store) == []
    assert counted.ratings == ["down", "up"]


async def test_a_thumb_on_a_question_is_no_feedback(rated: Hub, store: SqlStore) -> None:
    question = rated.fake.say("When are you open?")
    await answered(rated, store, question, DIRECT)
    await react(rated, question["event"], "+1", channel=DIRECT)
    assert await ratings(store) == []


def test_where_feedback_is_switched_off_there_are_no_thumbs(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    around = surroundings(store, tmp_path)
    shown = {
        on: str(SlackChannel(settings(fake, feedback=on), around).render(outbound("At nine."))) for on in (True, False)
    }
    assert {on: FEEDBACK in text for on, text in shown.items()} == {True: True, False: False}
