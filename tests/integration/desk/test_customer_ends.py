"""The customer ends the conversation while staff have it: they are told in the thread, and can close the case."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.messages import StaffAction
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import HOME, OfficeHours
from tests.integration.desk.test_timers import SETTINGS

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
