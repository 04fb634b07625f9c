"""A case that staff open for somebody's message, by the shortcut or by an emoji: what Slack sends, and what is stored of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack.adapter import SlackChannel
from channels.slack.views import Form, Press
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import ANNA, GRACE, PUBLIC, STAFF, TEAM, Fault
from core.domain.messages import Audience, MessageReceived, ReactionChanged, StaffAction
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.conftest import fake, sink, store
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings

__all__ = ["fake", "sink", "store"]


class Desk:
    """Implements StaffViews and StaffHome, and notes what is opened."""

    def __init__(self) -> None:
        self.opened: list[Press] = []

    async def open(self, press: Press) -> None:
        """See StaffViews."""
        self.opened.append(press)

    async def choose(self, form: Form, what: str, value: str) -> None:
        """See StaffViews."""

    async def refuse(self, form: Form) -> dict[str, str]:
        """See StaffViews."""
        return {}

    async def show(self, user: str) -> bool:
        """See StaffHome."""
        return user == GRACE

    async def is_staff(self, user: str) -> bool:
        """See StaffHome."""
        return user == GRACE

    async def pressed(self, form: Form, action: str, value: str) -> None:
        """See StaffHome."""


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def hub(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, desk: Desk) -> AsyncIterator[Hub]:
    around = surroundings(store, tmp_path)
    given = settings(fake, staff_channels=frozenset({STAFF}), case_emoji="ticket")
    channel = SlackChannel(given, around)
    channel.give_forms(desk, home=desk)
    async with serving(Hub(channel, around, sink, fake)) as hub:
        yield hub


def written(fake: SlackFake, channel: str = PUBLIC, **more: Any) -> dict[str, Any]:
    """A message that nobody told the app of."""
    found: dict[str, Any] = fake.say("The export is broken", channel=channel, user=ANNA, **more)["event"]
    return found


def shortcut(fake: SlackFake, message: dict[str, Any], user: str = GRACE, channel: str = PUBLIC) -> dict[str, Any]:
    """As Slack sends it."""
    return {
        "type": "message_action",
        "callback_id": "open_case",
        "trigger_id": fake.modals.trigger(fake.now()),
        "message_ts": message["ts"],
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": user, "name": "grace", "team_id": TEAM},
        "channel": {"id": channel, "name": "help"},
        "message": message,
        "response_url": "https://hooks.slack.com/app/T0/1/x",
    }


def submission(message: dict[str, Any], user: str = GRACE, channel: str = PUBLIC, view: str = "V1") -> dict[str, Any]:
    """The form, filled in."""
    place = f"{TEAM}/{channel}/{message['ts']}"
    carried = {"message": place, "ticket_priority": "normal"}
    values = {
        "priority": {"ticket_priority": {"type": "static_select", "selected_option": {"value": "high"}}},
        "team": {"case_team": {"type": "static_select", "selected_option": None}},
        "note": {"ticket_note": {"type": "plain_text_input", "value": "Big customer"}},
    }
    shown = {"id": view, "hash": "h", "callback_id": "staff_open_case", "private_metadata": json.dumps(carried)}
    return {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": {"id": user},
        "view": {**shown, "state": {"values": values}},
    }


def reaction(fake: SlackFake, message: dict[str, Any], user: str = GRACE, **more: Any) -> dict[str, Any]:
    """An emoji on a message."""
    item = {"type": "message", "channel": PUBLIC, "ts": message["ts"]}
    event = {"type": "reaction_added", "user": user, "reaction": "ticket", "item": item, "item_user": ANNA}
    return fake.event({**event, "event_ts": fake.ts(), **more})


def ordered(sink: Sink) -> tuple[MessageReceived, MessageReceived]:
    """What was accepted: the customer's message, and the order."""
    said, order = sink.events
    assert isinstance(said, MessageReceived)
    assert isinstance(order, MessageReceived)
    return said, order


async def test_the_shortcut_opens_a_form_for_staff_alone(hub: Hub, desk: Desk, sink: Sink) -> None:
    message = written(hub.fake)
    assert await hub.push(shortcut(hub.fake, message), form="payload") == 200
    assert await hub.push(shortcut(hub.fake, message, user=ANNA), form="payload") == 200
    assert [(one.form, one.user) for one in desk.opened] == [("open_case", GRACE), ("no_staff", ANNA)]
    assert str(desk.opened[0].place) == f"{TEAM}/{PUBLIC}/{message['ts']}"
    assert sink.events == []


async def test_the_form_stores_the_message_and_the_order_together(hub: Hub, sink: Sink) -> None:
    message = written(hub.fake)
    assert await hub.push(submission(message), form="payload") == 200
    said, order = ordered(sink)
    assert said.key.provider_event_id == f"m/{PUBLIC}/{message['ts']}"
    assert (said.sender.external_id, said.text, said.for_record) == (ANNA, "The export is broken", True)
    assert said.action is None, "nothing that it says is an order to the agent"
    assert said.audience is Audience.CUSTOMER
    assert (order.audience, order.action, order.sender.external_id) == (Audience.STAFF, StaffAction.OPEN_CASE, GRACE)
    assert order.reply_to == said.key.provider_event_id
    assert json.loads(order.text) == {"ticket_note": "Big customer", "ticket_priority": "high"}
    assert order.conversation != said.conversation, "a note is never part of the customer's conversation"


async def test_a_reply_in_a_thread_is_of_its_thread(hub: Hub, sink: Sink) -> None:
    root = written(hub.fake)
    reply = written(hub.fake, thread_ts=root["ts"])
    await hub.push(submission(reply), form="payload")
    said, _ = ordered(sink)
    assert said.conversation.thread == f"{TEAM}/{PUBLIC}/{root['ts']}"


async def test_what_cannot_be_fetched_leaves_the_form_open(hub: Hub, sink: Sink) -> None:
    message = written(hub.fake)
    for fault in (Fault(status=503), Fault(error="not_in_channel")):
        hub.fake.fail("conversations.replies", fault)
        assert await hub.push(submission(message), form="payload") == 503
    assert sink.events == []
    assert await hub.push(submission(message), form="payload") == 200
    assert len(sink.events) == 2


async def test_an_emoji_by_staff_orders_a_case(hub: Hub, sink: Sink) -> None:
    message = written(hub.fake)
    await hub.push(reaction(hub.fake, message))
    said, order = ordered(sink)
    assert (said.sender.external_id, said.for_record) == (ANNA, True)
    assert (order.action, order.text, order.sender.external_id) == (StaffAction.OPEN_CASE, "", GRACE)


@pytest.mark.parametrize("more", [{"user": ANNA}, {"type": "reaction_removed"}, {"reaction": "tada"}])
async def test_nobody_elses_no_other_and_no_removal_does(hub: Hub, sink: Sink, more: dict[str, Any]) -> None:
    message = written(hub.fake)
    await hub.push(reaction(hub.fake, message, **more))
    assert sink.events == []
    assert hub.fake.called("conversations.replies") == []


async def test_slack_sends_an_emoji_again_whose_message_it_did_not_show(hub: Hub, sink: Sink) -> None:
    message, event = written(hub.fake), None
    event = reaction(hub.fake, message)
    hub.fake.fail("conversations.replies", Fault(status=503))
    assert await hub.push(event) == 503
    assert await hub.push(event) == 200
    assert len(sink.events) == 2


async def test_neither_the_apps_messages_nor_staffs_are_a_customers(hub: Hub, sink: Sink) -> None:
    _, own = hub.fake.post({"channel": PUBLIC, "text": "I am an app"}, cast(Any, hub.fake.workspaces["xoxb-home"]))
    await hub.push(submission(own), form="payload")
    among_staff = written(hub.fake, channel=STAFF)
    await hub.push(submission(among_staff, channel=STAFF, view="V2"), form="payload")
    assert sink.events == []


async def test_what_cannot_be_read_is_no_order(hub: Hub, sink: Sink) -> None:
    message = written(hub.fake)
    for item in ({}, {"type": "file", "file": "F1"}, {"type": "message", "channel": "../x", "ts": "1"}):
        assert await hub.push(reaction(hub.fake, message, item=item)) == 200
    forged = submission(message)
    for carried in ("{", "[]", json.dumps({"message": "a/b/c/d"})):
        forged["view"]["private_metadata"] = carried
        assert await hub.push(forged, form="payload") == 200
    assert sink.events == []
    assert hub.fake.called("conversations.replies") == []


async def test_without_the_setting_an_emoji_is_an_emoji(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, desk: Desk
) -> None:
    around = surroundings(store, tmp_path)
    channel = SlackChannel(settings(fake), around)
    channel.give_forms(desk, home=desk)
    async with serving(Hub(channel, around, sink, fake)) as hub:
        await hub.push(fake.say("<@U0BOT0001> hello", channel=PUBLIC, user=ANNA, type="app_mention"))
        (said,) = sink.events
        assert isinstance(said, MessageReceived)
        await hub.push(reaction(fake, {"ts": said.key.provider_event_id.rpartition("/")[2]}))
        assert [type(one) for one in sink.events] == [MessageReceived, ReactionChanged]
