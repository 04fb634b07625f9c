"""Targets of answers over a real store: warned, missed, answered, paused; whatever is claimed, written or restarted meanwhile."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from config.desk.targets import parse_targets
from core.domain.messages import StaffAction
from core.domain.timers import TimerKind
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.teams import Team
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import LEASE, UNKNOWN, OfficeHours

TARGETS = parse_targets("billing first 10, next 10; web first 60, next 2 h")
SETTINGS = HandoffSettings(
    remind_seconds=0.0, owner_seconds=0.0, honest_seconds=0.0, undo_seconds=0.0, on_call=("S0NCALL",), targets=TARGETS
)
CLAIM, TICKET = StaffAction.CLAIM, StaffAction.TICKET


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    """With targets, and no other reminders."""
    return OfficeHours(store, clock, SETTINGS)


async def reminders(office: OfficeHours) -> list[tuple[str, list[str]]]:
    return [(one.text, list(one.meta["mentions"])) for one in await office.posts("reminder")]


async def status(office: OfficeHours, value: str) -> None:
    await office.staff(json.dumps({"ticket_status": value}), TICKET)


async def test_a_claim_is_no_answer(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.customer("Are you there?")
    assert await office.passes(48) == 1
    assert await reminders(office) == [("This customer should have an answer within 12 min.", ["grace"])]
    await office.staff("// I am looking")
    assert await office.passes(12) == 1
    (_, missed) = await reminders(office)
    assert missed == ("This customer should have had an answer within 60 min, and has none yet.", ["grace"])
    assert await office.passes(24 * 60) == 0, "said once"
    await office.staff("Here I am")
    assert await office.set() == {}


async def test_who_is_on_call_reads_that_nobody_answered(office: OfficeHours) -> None:
    await office.escalates()
    await office.passes(48)
    await office.passes(12)
    assert [mentions for _, mentions in await reminders(office)] == [[], ["S0NCALL"]]


async def test_after_an_answer_the_next_question_has_its_own_target(office: OfficeHours) -> None:
    await office.escalates()
    await office.staff("Hello", StaffAction.REPLY)
    assert await office.set() == {}
    await office.customer("A question")
    asked = (await office.set())[TimerKind.ANSWER].due_at
    office.clock.move(60)
    await office.customer("And one more")
    assert (await office.set())[TimerKind.ANSWER].due_at == asked
    assert await office.passes(95) == 1
    await office.staff("The answer")
    assert await office.set() == {}
    assert await office.passes(24 * 60) == 0


async def test_what_the_customer_wrote_meanwhile_is_still_due(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    answer = office.from_staff("Hello")
    office.clock.move(60)
    await office.customer("Something else")
    office.clock.move(60)
    await office._accept(answer)
    timer = (await office.set())[TimerKind.ANSWER]
    assert timer.detail == str(office.clock.now().timestamp() - 60)


async def test_pending_and_on_hold_pause_it(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    office.clock.move(20 * 60)
    await status(office, "on_hold")
    assert await office.passes(24 * 60) == 0
    await office.customer("Any news?")
    assert await office.passes(24 * 60) == 0, "on hold stays on hold"
    await status(office, "open")
    assert await office.passes(28) == 1, "20 of 60 minutes were gone"
    await status(office, "pending")
    office.clock.move(3600)
    await office.customer("It is 2.1")
    assert await office.passes(12) == 1
    assert (await reminders(office))[-1][0].startswith("This customer should have had an answer")


async def test_what_is_written_on_hold_is_due_from_its_end(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await status(office, "on_hold")
    await office.staff("I have asked the carrier")
    await office.customer("Any news?")
    assert await office.passes(24 * 60) == 0
    await status(office, "open")
    assert await office.passes(95) == 0
    assert await office.passes(1) == 1


async def test_a_case_has_the_target_of_its_team(store: SqlStore, clock: ManualClock) -> None:
    team = Team("billing", keywords=("person",))
    office = OfficeHours(store, clock, replace(SETTINGS, teams=(team,)))
    await office.escalates()
    assert await office.passes(8) == 1
    assert [text for text, _ in await reminders(office)] == ["This customer should have an answer within 2 min."]


async def test_a_resolved_case_has_none_until_it_comes_back(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    await office.press(StaffAction.RESOLVE)
    assert await office.set() == {}
    office.agent.reply = UNKNOWN
    await office.customer("It broke again")
    assert await office.passes(96) == 1
    assert [text for text, _ in await reminders(office)] == ["This customer should have an answer within 24 min."]


async def test_an_answer_between_the_warning_and_its_commit_wins(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    office.clock.move(48 * 60)
    (due,) = await office.store.due_timers(10, LEASE)
    decision = await office.timers.decide(due.timer)
    assert decision.cross_writes
    await office.staff("Here I am")
    assert not (await office.store.finish_timer(due, decision)).held
    assert await reminders(office) == []


async def test_a_process_that_dies_over_a_warning_is_replaced(office: OfficeHours) -> None:
    await office.escalates()
    office.clock.move(48 * 60)
    (due,) = await office.store.due_timers(10, LEASE)
    late = await office.timers.decide(due.timer)
    office.clock.move(LEASE)
    assert await office.process(office.store).once() == 1
    assert not (await office.store.finish_timer(due, late)).held
    assert len(await reminders(office)) == 1
    assert await office.passes(12) == 1
    assert len(await reminders(office)) == 2
