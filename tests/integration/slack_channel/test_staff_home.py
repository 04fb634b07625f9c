"""The home tab as the staff's queue: what they see of it, how they claim from it, and who never sees it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_rules import shown_in
from config.simulation.slack_world import ANNA, DIRECT, GRACE, LINUS, STAFF, TEAM, Channel, Fault
from core.domain.conversation import OwnershipState
from core.domain.keys import ConversationKey
from core.domain.messages import Audience, MessageReceived, StaffAction
from core.ports.cases import ListedCase
from core.ports.channel import InboundSink
from core.storage.store import SqlStore
from handoff.desk_parts import DeskParts
from handoff.settings import HandoffSettings
from handoff.slack.panel import SlackPanel
from handoff.teams import Team
from handoff.thread.home_queue import HomeQueue
from tests.contract.channels.contract import Sink
from tests.integration.desk.test_slack_desk_channel import desk_channel_on
from tests.integration.slack_channel.conftest import fake, sink, store
from tests.integration.slack_channel.world import Hub, serving, settings, surroundings

__all__ = ["fake", "sink", "store"]
BILLING = "C0BILLING"
START = datetime(2026, 11, 23, 9, tzinfo=UTC)


def listed(number: int, **more: Any) -> ListedCase:
    """A case that waits."""
    given = ListedCase(
        id=f"home{number}.1",
        ticket=f"TKT-{number}",
        customer=f"Customer {number}",
        key=ConversationKey("web", "main", f"t{number}"),
        state=OwnershipState.QUEUED,
        owner=None,
        since=START + timedelta(minutes=number),
        team=None,
        shown_at=f"m/{STAFF}/{number}.000100",
        is_overdue=False,
    )
    return replace(given, **more)


class Lists:
    """Implements core.ports.cases.CaseLists with given cases, and notes what is asked."""

    def __init__(self) -> None:
        self.queue: list[ListedCase] = []
        self.found: list[ListedCase] = []
        self.asked: list[Sequence[str]] = []

    async def queue_of(self, account: str, heard_by: str, owner: str, limit: int) -> Sequence[ListedCase]:
        """See CaseLists."""
        self.asked.append(())
        return self.queue[:limit]

    async def cases_with(self, account: str, heard_by: str, words: Sequence[str], limit: int) -> Sequence[ListedCase]:
        """See CaseLists."""
        self.asked.append(words)
        return self.found[:limit]


@pytest.fixture
def lists() -> Lists:
    return Lists()


@pytest.fixture
async def hub(fake: SlackFake, store: SqlStore, sink: Sink, tmp_path: Path, lists: Lists) -> AsyncIterator[Hub]:
    """A channel whose staff have a queue."""
    fake.channels[BILLING] = Channel()
    around = surroundings(store, tmp_path)
    given = settings(fake, staff_channels=frozenset({STAFF, BILLING}))
    channel = SlackChannel(given, around)
    desk = desk_channel_on(fake, store, tmp_path, cast(Any, around.clock), account="default")
    await desk.start(cast(InboundSink, None))
    teams = (Team("billing", channel=BILLING, keywords=("invoice",)),)
    parts = DeskParts(store, store, desk.people, desk, around.clock, store)
    panel = SlackPanel(lambda: desk.client, around.clock)
    queue = HomeQueue(parts, lists, desk.people, panel, HandoffSettings(teams=teams), STAFF)
    channel.give_forms(cast(Any, object()), home=queue)
    async with serving(Hub(channel, around, sink, fake)) as hub:
        yield hub
    await desk.stop()


def opened(fake: SlackFake, user: str) -> dict[str, Any]:
    """Somebody opens the app's home tab."""
    return fake.event(
        {"type": "app_home_opened", "user": user, "channel": DIRECT, "tab": "home", "event_ts": fake.ts()}
    )


def read(view: Any) -> str:
    """All that a home tab shows."""
    fields = [block["label"]["text"] for block in view["blocks"] if block["type"] == "input"]
    return "\n".join([*fields, *(shown_in(block) for block in view["blocks"])]).replace("*", "")


def buttons(view: Any) -> list[dict[str, Any]]:
    """In order."""
    return [one for block in view["blocks"] if block["type"] == "actions" for one in block["elements"]]


async def press(hub: Hub, user: str, action: dict[str, Any], view: Any) -> None:
    """Something on the home tab, as Slack tells of it: with the view, and without a message or a channel."""
    fake = hub.fake
    payload = {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "example"},
        "user": {"id": user, "team_id": TEAM},
        "container": {"type": "view", "view_id": "V0HOME"},
        "view": {**view, "id": "V0HOME", "hash": "h1", "state": {"values": {}}},
        "actions": [{**action, "action_ts": fake.ts()}],
        "trigger_id": fake.modals.trigger(fake.now()),
    }
    assert await hub.push(payload, form="payload") == 200


async def test_staff_see_theirs_what_is_overdue_and_what_waits(hub: Hub, lists: Lists) -> None:
    lists.queue = [
        listed(1, state=OwnershipState.STAFF, owner=GRACE),
        listed(2, state=OwnershipState.STAFF, owner=LINUS, is_overdue=True),
        listed(3, customer="<@U1> *bold* :x:"),
        listed(4, shown_at=None),
    ]
    await hub.push(opened(hub.fake, GRACE))
    view = hub.fake.homes[GRACE]
    text = read(view)
    assert [text.index(one) for one in ("Mine (1)", "Overdue (1)", "Unclaimed (2)")] == sorted(
        text.index(one) for one in ("Mine (1)", "Overdue (1)", "Unclaimed (2)")
    )
    assert f"<https://example.slack.com/archives/{STAFF}/p3000100|TKT-3>" in text
    assert "<@U1> *bold* :x:" in json.dumps(view, ensure_ascii=False), "a customer's name is text"
    assert [(one["action_id"], one["value"]) for one in buttons(view)] == [
        (StaffAction.TAKE_OVER, f"{TEAM}/{STAFF}/2.000100"),
        (StaffAction.CLAIM, f"{TEAM}/{STAFF}/3.000100"),
    ]
    assert lists.asked == [()], "one read"


async def test_an_empty_queue_says_so(hub: Hub) -> None:
    await hub.push(opened(hub.fake, GRACE))
    assert "Nobody waits" in read(hub.fake.homes[GRACE])


@pytest.mark.parametrize("sign", ["is_restricted", "is_stranger", "is_bot", "team", "elsewhere", "unknown"])
async def test_nobody_else_ever_sees_it(hub: Hub, lists: Lists, sign: str) -> None:
    """Guests, other companies, and colleagues who are not in the staff's channel: theirs is a customer's home."""
    lists.queue = [listed(1)]
    fake = hub.fake
    user = ANNA if sign == "elsewhere" else GRACE
    if sign == "unknown":
        fake.users.pop(GRACE)
    elif sign != "elsewhere":
        fake.users[GRACE] |= {"team_id": "T0OTHER01"} if sign == "team" else {sign: True}
    fake.channels[BILLING].absent.add(ANNA)
    await hub.push(opened(fake, user))
    shown = json.dumps(fake.homes[user], ensure_ascii=False)
    assert "Customer 1" not in shown
    assert "TKT" not in shown
    assert lists.asked == []
    await press(
        hub, user, {"action_id": "desk_choose_search", "type": "plain_text_input", "value": "x"}, {"type": "home"}
    )
    assert lists.asked == []


async def test_a_teams_cases_are_shown_to_who_is_in_its_channel(hub: Hub, lists: Lists) -> None:
    lists.queue = [listed(1, team="billing", shown_at=f"m/{BILLING}/1.000100"), listed(2)]
    hub.fake.channels[BILLING].absent.add(LINUS)
    await hub.push(opened(hub.fake, LINUS))
    assert "Customer 1" not in read(hub.fake.homes[LINUS])
    assert "Customer 2" in read(hub.fake.homes[LINUS])
    await hub.push(opened(hub.fake, GRACE))
    assert "Customer 1" in read(hub.fake.homes[GRACE])


async def test_pages_keep_slacks_limits(hub: Hub, lists: Lists) -> None:
    lists.queue = [
        *(listed(number, state=OwnershipState.STAFF, owner=GRACE) for number in range(30)),
        *(listed(100 + number, is_overdue=True) for number in range(30)),
        *(listed(200 + number) for number in range(12)),
    ]
    await hub.push(opened(hub.fake, GRACE))
    view = hub.fake.homes[GRACE]
    assert "Customer 10" in read(view)
    assert "Unclaimed (12)" in read(view)
    (more,) = [one for one in buttons(view) if one["action_id"].startswith("desk_choose_home_page")]
    await press(hub, GRACE, more, view)
    view = hub.fake.homes[GRACE]
    assert "Customer 211" in read(view)
    assert "Customer 200" not in read(view)
    back, more = [one for one in buttons(view) if one["action_id"].startswith("desk_choose_home_page")]
    await press(hub, GRACE, back, view)
    assert "Customer 200" in read(hub.fake.homes[GRACE])


async def test_cases_are_looked_for(hub: Hub, lists: Lists) -> None:
    lists.found = [listed(7, state=OwnershipState.RESOLVED, owner=None)]
    await hub.push(opened(hub.fake, GRACE))
    field = next(block for block in hub.fake.homes[GRACE]["blocks"] if block["type"] == "input")
    assert field["dispatch_action"] is True
    typed = {**field["element"], "value": "  invoice   " + "x" * 200}
    await press(hub, GRACE, typed, hub.fake.homes[GRACE])
    view = hub.fake.homes[GRACE]
    assert lists.asked[-1] == ["invoice", "x" * 92]
    assert "Found for “invoice x" in read(view)
    assert "Customer 7" in read(view)
    assert [one["action_id"] for one in buttons(view)] == ["desk_choose_home_back"]
    lists.found = []
    await press(hub, GRACE, {**typed, "value": "nothing"}, view)
    assert "No case has all of these words" in read(hub.fake.homes[GRACE])
    await press(hub, GRACE, buttons(hub.fake.homes[GRACE])[0], hub.fake.homes[GRACE])
    assert lists.asked[-1] == ()


async def test_a_press_is_the_one_of_the_card(hub: Hub, lists: Lists, sink: Sink) -> None:
    lists.queue = [listed(1)]
    await hub.push(opened(hub.fake, GRACE))
    view = hub.fake.homes[GRACE]
    await press(hub, GRACE, buttons(view)[0], view)
    (event,) = sink.events
    assert isinstance(event, MessageReceived)
    assert (event.action, event.audience) == (StaffAction.CLAIM, Audience.STAFF)
    assert event.conversation.thread == f"{TEAM}/{STAFF}/1.000100"
    assert event.sender.external_id == GRACE
    assert len(lists.asked) == 2, "the tab is shown again after its viewer's own press"


async def test_a_press_about_a_customers_channel_is_refused(hub: Hub, sink: Sink) -> None:
    forged = {"type": "button", "action_id": str(StaffAction.CLAIM), "value": f"{TEAM}/C0HELP001/1.000100"}
    await press(hub, GRACE, forged, {"type": "home"})
    assert sink.events == []


@pytest.mark.parametrize("error", ["channel_not_found", "missing_scope"])
async def test_a_channel_that_the_app_cannot_read_takes_the_home_from_nobody(
    hub: Hub, lists: Lists, error: str
) -> None:
    lists.queue = [listed(1, team="billing", shown_at=f"m/{BILLING}/1.000100"), listed(2)]
    hub.fake.fail("conversations.members", Fault(error=error))  # of the first one, which is BILLING
    await hub.push(opened(hub.fake, GRACE))
    text = read(hub.fake.homes[GRACE])
    assert "Customer 2" in text
    assert "Customer 1" not in text


async def test_while_slack_does_not_say_who_is_staff_everybody_has_the_customers_home(hub: Hub, lists: Lists) -> None:
    fake = hub.fake
    busy = Fault(error="internal_error")
    fake.fail("conversations.members", *[busy] * 20)
    await hub.push(opened(fake, ANNA))
    assert "Unclaimed" not in read(fake.homes[ANNA])
    assert lists.asked == []
    fake.faults["conversations.members"].clear()
    await hub.push(opened(fake, GRACE))
    assert "Nobody waits" in read(fake.homes[GRACE])


async def test_of_who_is_no_member_it_is_not_asked_each_time(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = hub.fake
    for channel in (STAFF, BILLING):
        fake.channels[channel].absent.add(LINUS)
    for _ in range(3):
        await hub.push(opened(fake, LINUS))
    assert len(fake.called("conversations.members")) == 2, "once of each channel"
    for channel in (STAFF, BILLING):
        fake.channels[channel].absent.clear()
    monkeypatch.setattr("handoff.slack.panel._FRESH_NO", 0.0)  # a while later
    await hub.push(opened(fake, LINUS))
    assert "Nobody waits" in read(fake.homes[LINUS])
