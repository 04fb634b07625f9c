"""Given back by a person, the agent knows that it answers again and what was said meanwhile: it neither loops nor stays mute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import MessageReceived, StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.policy import EscalationRules, moods_of, reason_to_escalate
from handoff.slack_desk import SlackDesk
from tests.contract.responders.world import Docs, ScriptedModel, say
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import HOME, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

GOOD = "Click “Forgot password?” on the sign-in page [1]."
QUESTION = "How do I reset my password?"
CLAIM, HAND_BACK = StaffAction.CLAIM, StaffAction.HAND_BACK


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    return OfficeHours(store, clock, SETTINGS)


def with_agent(office: OfficeHours, *scripts: Sequence[Any]) -> ScriptedModel:
    """From now on the agent may be asked, and the rules that bring in a person hold."""
    model = ScriptedModel(*scripts)
    loop = AgentLoop(model, Docs(), office.store, AgentSettings(company_name="Tidepool"), office.clock)
    desk = SlackDesk(office.parts(office.store), office.settings)

    def rules(turn: Any, reply: Any) -> Any:
        return reason_to_escalate(turn, reply, EscalationRules(), moods_of(turn) if reply is None else ())

    office.turn = Turn(loop, desk, {}, CountedMetrics(), sorry, rules=rules)
    return model


def prompt(model: ScriptedModel) -> str:
    """Everything that the model was given first."""
    return "\n".join(f"{one.role}: {one.content}" for one in model.requests[0].messages)


async def test_the_agent_is_told_that_a_person_was_there_and_what_came_of_it(office: OfficeHours) -> None:
    await office.escalates()
    await office.customer("My refund for order 17 is missing")
    await office.press(CLAIM)
    await office.staff("// this one is a fraud, careful")
    await office.staff("Your refund of 20 euros is on its way.")
    await office.customer("And how do I reset my password?")
    office.clock.move(600)
    await office.press(HAND_BACK)
    model = with_agent(office, say(GOOD))
    await office.customer(QUESTION)
    given = prompt(model)
    system, data = given.split("\nuser: The time with staff", 1)
    assert "then gave it back to you; you answer again" in system
    assert "The customer wanted: “My refund for order 17 is missing”" in data
    assert "Grace told them: “Your refund of 20 euros is on its way.”" in data
    assert "not answered by staff: “And how do I reset my password?”" in data
    assert "It lasted from 2026-" in data
    assert "fraud" not in given, "a note is for staff alone"
    assert (await office.conversation()).state is OwnershipState.BOT
    assert GOOD in await office.reads()


async def test_what_waits_when_it_is_handed_back_is_answered_by_the_agent_once(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(CLAIM)
    model = with_agent(office, say(GOOD))
    pressed = office.from_staff(str(HAND_BACK), HAND_BACK)
    who, key = Identity("web", "main", "ada", locale="en"), EventKey("web", "main", "late")
    await office.store.accept([Acceptable(pressed)])
    (staffs,) = await office.store.claim(1, 5.0, history=60)
    await office.store.accept([Acceptable(MessageReceived(key, HOME, who, QUESTION, office.clock.now(), locale="en"))])
    (finished,) = await office.store.finish([await office.turn.run(staffs)])
    assert finished.held
    assert not finished.outdated
    await office.works()
    assert len(model.requests) == 1
    assert (await office.conversation()).state is OwnershipState.BOT
    assert [text for text in await office.reads() if text == GOOD] == [GOOD]
    assert not [post for post in await office.posts("said") if post.text == QUESTION], "it is the agent's now"


async def test_anger_from_before_does_not_bring_a_person_back_and_a_new_wish_does(office: OfficeHours) -> None:
    await office.escalates()
    for angry in ("This is ridiculous.", "I am fed up with waiting.", "Unacceptable, I am frustrated."):
        await office.customer(angry)
    await office.press(CLAIM)
    await office.press(HAND_BACK)
    model = with_agent(office, say(GOOD))
    await office.customer("Still annoying. " + QUESTION)
    assert (await office.conversation()).state is OwnershipState.BOT
    assert "Staff wrote nothing to the customer." in prompt(model)
    await office.customer("I want to talk to a person")
    assert (await office.conversation()).state is OwnershipState.QUEUED


async def test_of_a_conversation_that_nobody_gave_back_nothing_is_said(office: OfficeHours) -> None:
    model = with_agent(office, say(GOOD))
    await office.customer(QUESTION)
    assert "member of staff had this conversation" not in prompt(model)
