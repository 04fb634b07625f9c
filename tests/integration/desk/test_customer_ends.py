"""The customer ends the conversation while staff have it: they are told in the thread, and can close the case."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.messages import CustomerAction, StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import HOME, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, sorry

ADA = Identity("web", "main", "ada")


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    return OfficeHours(store, clock, SETTINGS)


async def ends(office: OfficeHours) -> None:
    """As a widget does when its customer ends the session."""
    await office.store.end_conversation(HOME, ADA)
    await office.works()


@pytest.mark.parametrize("claimed", [True, False])
async def test_staff_are_told_once_and_can_resolve(office: OfficeHours, claimed: bool) -> None:
    await office.escalates()
    if claimed:
        await office.press(StaffAction.CLAIM)
    for _ in range(2):
        await ends(office)
    told = [post.text for post in await office.posts("remark") if "ended" in post.text]
    assert len(told) == 1
    assert "can be resolved" in told[0]
    if not claimed:
        await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    assert (await office.conversation()).state is OwnershipState.RESOLVED
    assert await office.store.open_case(HOME.conversation_id) is None


@pytest.mark.parametrize("looked_at", [True, False])
async def test_staff_are_told_of_an_end_that_came_before_the_case(office: OfficeHours, looked_at: bool) -> None:
    """The wish was accepted and not decided yet, or decided and not committed, when the customer went."""
    await office.store.accept([Acceptable(office.from_customer("A person, please", CustomerAction.REQUEST_PERSON))])
    if looked_at:
        (state,) = await office.store.claim(1, 5.0, history=60)
        outcome = await office.turn.run(state)
        await office.store.end_conversation(HOME, ADA)
        (finished,) = await office.store.finish([outcome])
        assert finished.held
    else:
        await office.store.end_conversation(HOME, ADA)
    for _ in range(3):
        await office.works()
    assert (await office.conversation()).state is OwnershipState.QUEUED
    assert len([post for post in await office.posts("remark") if "ended" in post.text]) == 1


async def test_an_end_that_concerns_nobody_is_told_to_nobody(office: OfficeHours) -> None:
    desk = SlackDesk(office.parts(office.store), SETTINGS)
    office.turn = Turn(Echo(), desk, {}, CountedMetrics(), sorry)
    await office.store.accept([Acceptable(office.from_customer("Hello"))])
    for _ in range(2):
        await ends(office)
    assert (await office.conversation()).state is OwnershipState.BOT
    assert not await office.told()
    assert not await office.store.claim(1, 5.0, history=60), "nothing is left to do"
