"""Forms through both ways in: answered after the commit, errors in the form, opened beside everything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from channels.slack.adapter import SlackChannel
from channels.slack.views import Form, Press
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import APP_TOKEN, GRACE, PUBLIC, STAFF, TEAM
from core.domain.errors import Unreachable
from core.domain.messages import Audience, MessageReceived, StaffAction
from core.storage.store import SqlStore
from tests.contract.channels.contract import Sink
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings

THREAD = f"{TEAM}/{STAFF}/1.1"


class Views:
    """Implements StaffViews: notes what it is asked, and finds wrong what it is told to."""

    def __init__(self) -> None:
        self.opened: list[Press] = []
        self.chosen: list[tuple[str, str, str]] = []
        self.wrong: dict[str, str] = {}
        self.wrong_later: list[dict[str, str]] = []
        self.failing = False

    async def open(self, press: Press) -> None:
        """See StaffViews."""
        self.opened.append(press)
        if self.failing:
            raise Unreachable("Slack is away.")

    async def choose(self, form: Form, what: str, value: str) -> None:
        """See StaffViews."""
        self.chosen.append((form.metadata["thread"], what, value))

    async def refuse(self, form: Form) -> Mapping[str, str]:
        """See StaffViews."""
        return self.wrong_later.pop(0) if self.wrong_later else self.wrong


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
async def desk(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, views: Views) -> AsyncIterator[Hub]:
    """A channel with a desk, over HTTP."""
    around = surroundings(store, tmp_path)
    channel = SlackChannel(settings(fake, staff_channels=frozenset({STAFF})), around)
    channel.give_forms(views)
    async with serving(Hub(channel, around, sink, fake)) as hub:
        yield hub


def submission(text: str, *, thread: str = THREAD, view: str = "V1", name: str = "staff_reply") -> dict[str, Any]:
    """As Slack sends it."""
    state = {"values": {"text-0": {name: {"type": "plain_text_input", "value": text}}}}
    shown = {"id": view, "hash": "h1", "callback_id": name, "private_metadata": json.dumps({"thread": thread})}
    return {"type": "view_submission", "team": {"id": TEAM}, "user": {"id": GRACE}, "view": {**shown, "state": state}}


def press(channel: str = STAFF) -> dict[str, Any]:
    """A card's button that opens a form."""
    action = {"type": "button", "action_id": "desk_open_reply", "value": "c.1", "action_ts": "2.2"}
    return {
        "type": "block_actions",
        "team": {"id": TEAM},
        "user": {"id": GRACE},
        "channel": {"id": channel},
        "message": {"ts": "1.1"},
        "trigger_id": "1.2.abc",
        "actions": [action],
    }


async def test_what_was_filled_in_is_stored_before_slack_is_thanked(desk: Hub, sink: Sink) -> None:
    assert await desk.fake.push(desk.hook, submission("Hello & <good> morning"), form="payload") == (200, b"")
    (event,) = sink.events
    assert isinstance(event, MessageReceived)
    assert (event.text, event.action, event.audience) == ("Hello & <good> morning", StaffAction.REPLY, Audience.STAFF)
    assert (event.conversation.thread, event.sender.external_id) == (THREAD, GRACE)
    assert event.key.provider_event_id == "v/V1"
    sink.down = True
    status, _ = await desk.fake.push(desk.hook, submission("Hello"), form="payload")
    assert status == 503


async def test_what_is_wrong_is_shown_below_its_field_and_not_stored(desk: Hub, sink: Sink, views: Views) -> None:
    views.wrong = {"staff_reply": "Linus has it."}
    status, body = await desk.fake.push(desk.hook, submission("Hello"), form="payload")
    assert (status, json.loads(body)) == (200, {"response_action": "errors", "errors": {"text-0": "Linus has it."}})
    assert sink.events == []
    status, _ = await desk.fake.push(desk.hook, submission("Hello"), form="payload", secret="another")
    assert status == 401, "nothing is said to whom nobody knows"


async def test_what_another_was_stored_before_is_said_after_the_commit(desk: Hub, views: Views) -> None:
    views.wrong_later = [{}, {"staff_reply": "This was sent already."}]
    status, body = await desk.fake.push(desk.hook, submission("Hello"), form="payload")
    assert (status, json.loads(body)["errors"]) == (200, {"text-0": "This was sent already."})


async def test_a_form_about_no_channel_of_the_staffs_is_kept_aside(desk: Hub, sink: Sink) -> None:
    assert await desk.push(submission("Hello", thread=f"{TEAM}/{PUBLIC}/1.1"), form="payload") == 200
    assert sink.events == []
    assert len(sink.quarantined) == 1
    assert await desk.push(submission("Hello", name="somebody_elses"), form="payload") == 200
    assert sink.events == []


async def test_a_press_opens_and_what_fails_harms_nobody(desk: Hub, sink: Sink, views: Views) -> None:
    for failing in (False, True):
        views.failing = failing
        assert await desk.push(press(), form="payload") == 200
    assert [(one.form, one.user, one.trigger, str(one.place)) for one in views.opened] == [
        ("reply", GRACE, "1.2.abc", THREAD)
    ] * 2
    assert await desk.push(press(PUBLIC), form="payload") == 200
    assert len(views.opened) == 2, "a card is in a channel of the staff's"
    assert sink.events == []


async def test_a_choice_in_an_open_form(desk: Hub, views: Views) -> None:
    chosen = {"type": "static_select", "action_id": "desk_choose_macro", "selected_option": {"value": "refund"}}
    whole = {**submission("Hello"), "type": "block_actions", "actions": [chosen]}
    assert await desk.push(whole, form="payload") == 200
    assert views.chosen == [(THREAD, "macro", "refund")]


async def test_over_a_socket_as_well(
    fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, views: Views
) -> None:
    around = surroundings(store, tmp_path, public_url=None)
    own = settings(fake, app_tokens=(APP_TOKEN,), signing_secrets=(), staff_channels=frozenset({STAFF}))
    channel = SlackChannel(own, around)
    channel.give_forms(views)
    await channel.start(sink)
    try:
        views.wrong = {"staff_reply": "Linus has it."}
        refused = await fake.acknowledgement(await fake.push_socket(submission("Hello"), "interactive"))
        assert refused["payload"]["errors"] == {"text-0": "Linus has it."}
        views.wrong = {}
        envelope = await fake.push_socket(submission("Hello"), "interactive")
        assert await fake.acknowledgement(envelope) == {"envelope_id": envelope}
        assert [event.text for event in sink.events if isinstance(event, MessageReceived)] == ["Hello"]
        await fake.acknowledgement(await fake.push_socket(press(), "interactive"))
        await asyncio.wait_for(channel.settled(), 60)
        assert [one.form for one in views.opened] == ["reply"]
    finally:
        await channel.stop()
