"""A tool call that staff approve: it runs once, for its customer alone, whoever presses what and whatever dies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from config.simulation.slack_rules import check_message
from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.customer import Identity
from core.domain.errors import OutcomeUnknown, ToolError
from core.domain.messages import MessageKind, OutboundMessage, StaffAction
from core.domain.timers import Timer
from core.ports.outcomes import CloseCase, CrossConversationWrite, LinkIdentity, Transition, UnlinkIdentity
from core.ports.timers import TimerDecision
from core.storage.store import SqlStore
from core.timers import TimerLoop, TimerSettings
from handoff.people import Membership
from handoff.slack.posts import bodies
from handoff.texts import say
from handoff.thread.approvals import ApprovalPosts, ApprovalTimers
from tests.contract.responders.world import call
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.approving import ACTION, APPROVE, DECLINE, WISH, Office, Shop
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE, HOME, LEASE

PHONE = Identity("sms", "main", "+15550001", verified=True)


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(store, clock, shop, monkeypatch)


async def test_staff_read_what_would_be_done_and_the_customer_that_staff_decide(office: Office, shop: Shop) -> None:
    await office.wishes()
    assert shop.keys == []
    (approval,) = await office.approvals()
    assert (approval.tool, approval.arguments, approval.state) == ("refund_order", '{"order": "A-4711"}', "waiting")
    (post,) = await office.posts("approval")
    (body,) = bodies(OutboundMessage("m", HOME, post.author, post.text, MessageKind.NOTICE, meta=post.meta))
    check_message(body["text"], body["blocks"])
    shown = str(body["blocks"])
    facts = (await office.posts("card"))[0].meta["facts"]
    for part in (
        "refund order",
        "order:",
        "A-4711",
        "Please refund order A-4711.",
        facts["customer"],
        say("card_unverified", "en"),
    ):
        assert part in shown, part
    buttons = body["blocks"][-1]["elements"]
    assert [one["action_id"] for one in buttons] == ["staff_approve", "desk_open_decline"]
    assert {one["value"] for one in buttons} == {f"{CASE} {approval.id}"}
    assert buttons[0]["confirm"]["confirm"], "Slack asks once more"
    said = "\n".join(await office.reads())
    assert f"Somebody of our team has to approve this first: “{ACTION}”." in said
    assert (await office.conversation()).state is OwnershipState.QUEUED
    assert facts["reason"] == f"The agent asks whether it may do this: {ACTION}."


async def test_an_approved_refund_runs_once_and_the_customer_hears_of_it(office: Office, shop: Shop) -> None:
    await office.wishes()
    (approval,) = await office.approvals()
    await office.presses(APPROVE)
    assert shop.keys == [approval.id]
    assert shop.seen[0].customer.id == approval.customer_id
    assert await office.states() == ["done"]
    assert await office.verdicts() == ["Grace has approved this, and it is done. Refund R-1 is on its way."]
    (post,) = await office.posts("decided")
    (body,) = bodies(OutboundMessage("m", HOME, post.author, post.text, MessageKind.NOTICE, meta=post.meta))
    assert (body["do"], body["of"]) == ("update", (await office.posts("approval"))[0].id)
    assert "staff_approve" not in str(body["blocks"])
    told = (await office.reads())[-1]
    assert told.startswith(f"Our team has approved this, and it is done: “{ACTION}”.")
    assert told.endswith("The assistant answers again. Say so at any time if you would like a person.")
    assert (await office.conversation()).state is OwnershipState.BOT, "nobody else is needed"
    assert (await office.cards())[-1].meta["facts"]["state"] == "bot"


async def test_a_declined_refund_does_not_run(office: Office, shop: Shop) -> None:
    await office.wishes()
    await office.presses(DECLINE, text="It is older than 30 days.")
    assert (shop.keys, await office.states()) == ([], ["declined"])
    assert await office.verdicts() == ["Grace has declined this; nothing was done. It is older than 30 days."]
    said = (await office.reads())[-1].split("\n\n")
    assert said[0].startswith("Our team has decided against this, and it was not done")
    assert said[1] == "It is older than 30 days."
    await office.presses(APPROVE, "linus")
    assert (shop.keys, await office.states()) == ([], ["declined"]), "the first press has decided"


@BOTH_DATABASES
async def test_several_presses_by_several_people_in_several_processes_run_it_once(
    office: Office, shop: Shop, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Office(await open_store(), office.clock, shop, monkeypatch)
    await office.wishes()
    name = (await office.approvals())[0].id
    press = office.pressed(APPROVE, name)
    for event in (press, press, office.pressed(APPROVE, name, "linus"), office.pressed(DECLINE, name, "linus")):
        await office.accepts(event)
    for _ in range(4):
        await asyncio.gather(office.works(), other.works())
    assert (shop.keys, await office.states()) == ([name], ["done"])
    assert len(await office.verdicts()) == 1
    assert [one.meta["to"] for one in await office.posts("whisper")] == ["linus", "linus"]
    assert sum("and it is done" in one for one in await office.reads()) == 1


@BOTH_DATABASES
async def test_a_process_that_dies_behind_the_press_or_behind_the_run_runs_it_once(office: Office, shop: Shop) -> None:
    await office.wishes()
    name = (await office.approvals())[0].id
    await office.accepts(office.pressed(APPROVE, name))
    (dying,) = await office.store.claim(10, 5.0, history=60)
    assert shop.keys == []
    office.clock.move(6.0)
    (dying,) = await office.store.claim(10, 5.0, history=60)
    late = await office.turn.run(dying)
    assert shop.keys == [name]
    await office.survives()
    (finished,) = await office.store.finish([late])
    assert not finished.held, "what the dead process decided comes too late"
    assert (shop.keys, await office.states()) == ([name], ["done"])
    assert len(await office.verdicts()) == 1
    assert sum("and it is done" in one for one in await office.reads()) == 1


@pytest.mark.parametrize("rules", [{}, {"checked_by": "find_refund"}])
async def test_a_process_that_dies_in_the_tool_asks_the_shop_or_says_that_nobody_knows(
    store: SqlStore, clock: ManualClock, shop: Shop, monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any]
) -> None:
    office = Office(store, clock, shop, monkeypatch, **rules)

    def die() -> None:
        raise asyncio.CancelledError

    shop.does = die
    await office.wishes()
    name = (await office.approvals())[0].id
    await office.accepts(office.pressed(APPROVE, name))
    (dying,) = await store.claim(10, 5.0, history=60)
    with pytest.raises(asyncio.CancelledError):
        await office.turn.run(dying)
    await office.survives()
    assert shop.keys == [name], "it is not done again"
    if rules:
        assert await office.states() == ["done"]
        return
    assert await office.states() == ["unknown"]
    assert "It is unknown whether it happened: check in the shop." in (await office.verdicts())[0]
    assert "I cannot tell yet whether it was done" in (await office.reads())[-1]
    assert (await office.conversation()).state is OwnershipState.QUEUED, "somebody has to look"


async def test_a_case_that_was_closed_behind_a_dead_process_does_not_deny_the_refund(
    office: Office, shop: Shop
) -> None:
    await office.wishes()
    await office.accepts(office.pressed(APPROVE, (await office.approvals())[0].id))
    (dying,) = await office.store.claim(10, 5.0, history=60)
    await office.turn.run(dying)
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    assert await office.states() == ["over"]
    office.clock.move(6.0)
    await office.works()
    assert (len(shop.keys), await office.states()) == (1, ["done"])
    assert (await office.verdicts())[-1].startswith("Grace has approved this, and it is done.")
    assert "and it is done" in (await office.reads())[-1]


def _refuses() -> None:
    raise ToolError("The order is too old.")


def _unclear() -> None:
    raise OutcomeUnknown("no answer")


@pytest.mark.parametrize(
    ("does", "state", "verdict", "told"),
    [
        (_refuses, "failed", "failed and nothing was done. The order is too old.", "but it did not work"),
        (_unclear, "unknown", "It is unknown whether it happened", "I cannot tell yet whether it was done"),
    ],
)
async def test_what_went_wrong_is_said_and_stays_with_staff(
    office: Office, shop: Shop, does: Any, state: str, verdict: str, told: str
) -> None:
    shop.does = does
    await office.wishes()
    await office.presses(APPROVE)
    assert await office.states() == [state]
    assert verdict in (await office.verdicts())[0]
    assert told in (await office.reads())[-1]
    assert (await office.conversation()).state is OwnershipState.QUEUED
    await office.presses(APPROVE)
    assert len(shop.keys) == 1


@pytest.mark.parametrize("order", [StaffAction.RESOLVE, StaffAction.HAND_BACK])
async def test_a_case_that_is_closed_declines_what_waits(office: Office, shop: Shop, order: StaffAction) -> None:
    await office.wishes()
    await office.press(StaffAction.CLAIM)
    await office.press(order)
    assert await office.states() == ["over"]
    assert (await office.verdicts())[0].startswith("Declined, because the case was closed")
    await office.presses(APPROVE)
    assert shop.keys == []


async def test_a_customer_who_needs_nobody_any_more_declines_it_too(office: Office, shop: Shop) -> None:
    await office.wishes()
    await office.customer("I don't need a person any more.")
    assert (await office.conversation()).state is OwnershipState.BOT
    assert await office.states() == ["over"]
    await office.presses(APPROVE)
    assert shop.keys == []


@BOTH_DATABASES
@pytest.mark.parametrize("approves_first", [True, False])
async def test_an_approval_and_the_end_of_the_case_at_once_leave_one_verdict(
    office: Office, shop: Shop, approves_first: bool
) -> None:
    await office.wishes()
    await office.press(StaffAction.CLAIM)
    name = (await office.approvals())[0].id
    await office.accepts(office.from_staff("", StaffAction.RESOLVE))
    await office.accepts(office.pressed(APPROVE, name))
    turns = await office.store.claim(10, 5.0, history=60)
    outcomes = [await office.turn.run(one) for one in turns]
    assert shop.keys == [name]
    outcomes.sort(key=lambda one: len(one.cases) > 0, reverse=not approves_first)
    held = [(await office.store.finish([one]))[0] for one in outcomes]
    assert [one.outdated for one in held] == [False, True], "the second was decided before the first was written"
    await office.works()
    assert (shop.keys, await office.states()) == ([name], ["done"])
    assert (await office.verdicts())[-1].startswith("Grace has approved this, and it is done.")
    assert (await office.conversation()).state is OwnershipState.RESOLVED


async def test_after_a_week_nothing_is_done(office: Office, shop: Shop) -> None:
    await office.wishes()
    office.clock.move(7 * 86_400 + 1)
    await office.presses(APPROVE)
    assert (shop.keys, await office.states()) == ([], ["over"])
    assert (await office.verdicts())[0].startswith("The time in which this could be approved is over")


async def test_a_guest_decides_nothing(office: Office, shop: Shop) -> None:
    await office.wishes()
    office.members.others["eve"] = Membership.GUEST
    await office.presses(APPROVE, "eve")
    assert (shop.keys, await office.states()) == ([], ["waiting"])
    (whisper,) = await office.posts("whisper")
    assert whisper.meta["to"] == "eve"
    await office.presses(APPROVE)
    assert len(shop.keys) == 1


@BOTH_DATABASES
async def test_of_an_erased_customer_nothing_is_left_to_approve(office: Office, shop: Shop) -> None:
    await office.wishes()
    name = (await office.approvals())[0].id
    await office.store.erase_customer("ada", lambda _: (), lambda note, _: note, "operator", only=False)
    assert await office.approvals() == []
    await office.accepts(office.pressed(APPROVE, name))
    await office.works()
    assert shop.keys == []


@BOTH_DATABASES
async def test_the_record_of_an_approved_call_goes_with_its_customer(office: Office) -> None:
    await office.wishes()
    approval = (await office.approvals())[0]
    await office.presses(APPROVE)
    assert await office.store.entries(f"approved/{approval.turn_id}")
    await office.store.erase_customer("ada", lambda _: (), lambda note, _: note, "operator", only=False)
    assert await office.store.entries(f"approved/{approval.turn_id}") == []


async def test_a_link_that_was_undone_meanwhile_refuses_it(office: Office, shop: Shop) -> None:
    office.script = []
    await office.customer("Hello")
    home = await office.conversation()
    customer = await office.store.customer(home.id)
    assert customer is not None
    await office.store.decide([], [LinkIdentity(home.id, customer.id, PHONE, "")])
    await office.wishes()
    (approval,) = await office.approvals()
    assert ("sms", "+15550001") in approval.proven
    await office.store.decide([], [UnlinkIdentity(customer.id, "customer")])
    await office.presses(APPROVE)
    assert (shop.keys, await office.states()) == ([], ["over"])
    assert (await office.verdicts())[0].startswith("Nothing was done: what proved who the customer is")


async def test_an_address_that_was_linked_since_is_not_the_one_that_staff_read_of(office: Office, shop: Shop) -> None:
    await office.wishes()
    home = await office.conversation()
    customer = await office.store.customer(home.id)
    assert customer is not None
    await office.store.decide([], [LinkIdentity(home.id, customer.id, PHONE, "")])
    await office.presses(APPROVE)
    (context,) = shop.seen
    assert context.identities is not None
    assert list(await context.identities()) == []


async def test_the_owner_keeps_the_conversation_and_the_desk_tells_the_customer(office: Office, shop: Shop) -> None:
    await office.wishes()
    await office.press(StaffAction.CLAIM)
    await office.presses(APPROVE, "linus")
    assert len(shop.keys) == 1
    home = await office.conversation()
    assert (home.state, home.owner) == (OwnershipState.STAFF, "grace")
    said = (await office.store.messages(HOME.conversation_id, limit=500))[-1]
    assert (said.author, said.text) == ("system", f"Our team has approved this, and it is done: “{ACTION}”.")


async def test_what_the_customer_wrote_since_still_waits_for_staff(office: Office, shop: Shop) -> None:
    await office.wishes()
    office.clock.move(1)
    await office.customer("And what about my other order?")
    await office.presses(APPROVE)
    assert len(shop.keys) == 1
    assert (await office.conversation()).state is OwnershipState.QUEUED


async def test_two_calls_are_two_posts_and_each_is_decided_by_itself(office: Office, shop: Shop) -> None:
    await office.wishes(
        "Please refund order A-4711 and refund order B-12, and A-4711 once more.", "A-4711", "B-12", "A-4711"
    )
    assert await office.states() == ["waiting", "waiting"], "the same call is asked about once"
    await office.presses(APPROVE, number=1)
    assert await office.states() == ["waiting", "done"]
    assert (await office.conversation()).state is OwnershipState.QUEUED
    await office.presses(DECLINE, number=0)
    assert (await office.states(), len(shop.keys)) == (["declined", "done"], 1)
    assert (await office.conversation()).state is OwnershipState.BOT


async def test_a_tool_that_is_not_there_is_waited_for_and_then_missed(office: Office, shop: Shop) -> None:
    await office.wishes()
    name = (await office.approvals())[0].id
    here, office.tools.local = office.tools.local, {}
    await office.accepts(office.pressed(APPROVE, name))
    office.clock.move(180)
    await office.works()
    assert await office.states() == ["waiting"]
    assert "the tool refund_order is not there at the moment" in (await office.posts("remark"))[-1].text
    office.tools.local = here
    await office.presses(APPROVE)
    assert (len(shop.keys), await office.states()) == (1, ["done"])


async def test_a_model_that_brings_in_a_person_besides_loses_nothing(office: Office, shop: Shop) -> None:
    reason = '{"reason": "A person must approve the refund.", "urgency": "high"}'
    office.script = [call("refund_order", '{"order": "A-4711"}'), call("escalate_to_human", reason)]
    await office.customer(WISH)
    assert await office.states() == ["waiting"]
    facts = (await office.posts("card"))[0].meta["facts"]
    assert (facts["reason"], facts["urgency"]) == ("A person must approve the refund.", "high")
    await office.presses(APPROVE)
    assert len(shop.keys) == 1
    assert (await office.conversation()).state is OwnershipState.QUEUED, "they are needed for more than the approval"


async def test_a_timer_that_closes_the_case_declines_what_waits(office: Office, shop: Shop) -> None:
    await office.wishes()
    home = await office.conversation()
    end = CrossConversationWrite(home.key, (), Transition(OwnershipEvent.RESOLVE), ownership_epoch=home.ownership_epoch)

    async def decide(timer: Timer) -> TimerDecision:
        return TimerDecision((end,), (CloseCase(timer.case_id),))

    timers = ApprovalTimers(decide, ApprovalPosts(office.parts(office.store), office.store, "en"))
    office.loop = TimerLoop(office.store, timers.decide, office.wake, TimerSettings(lease=LEASE))
    assert await office.passes(11) == 1
    assert await office.states() == ["over"]
    await office.presses(APPROVE)
    assert shop.keys == []
