"""The customer ends the conversation while staff have it: they are told in the thread, and can close the case."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.delivery import DeliveryStatus
from core.domain.messages import CustomerAction, Receipt, StaffAction
from core.ports.lanes import LaneOffer
from core.ports.store import Acceptable, Settlement
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from handoff.thread.delivery_marks import marks
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
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


async def delivered(office: OfficeHours) -> list[str]:
    """The page takes all that it is given; which of it is staff's."""
    taken = []
    office.clock.move(60)
    while deliveries := await office.store.claim_deliveries("web", "main", 10, 5.0):
        for one in deliveries:
            receipts = (Receipt(one.id),)
            await office.store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, receipts)])
            taken += [one.message.text] if one.message.author == "staff" else []
    await office.store.report_outcomes("main", lambda fate: marks(fate, "en"))
    return taken


async def signs(office: OfficeHours) -> list[str]:
    """Under what staff wrote, one after the other."""
    return [post.text for post in await office.posts("mark")]


async def test_what_is_written_behind_the_end_is_not_called_sent(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.staff("Hello")
    assert await delivered(office) == ["Hello"]
    await ends(office)
    await office.staff("Are you there?")
    assert await delivered(office) == [], "nobody can read it there"
    assert await signs(office) == ["sent", "failed"]
    told = [post.text for post in await office.posts("remark")]
    assert told[-1] == "“Are you there?” did not reach the customer: they have ended the conversation."


async def test_what_waited_when_the_customer_ended_is_not_called_sent(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await delivered(office)
    await office.staff("One moment")
    await ends(office)
    assert await delivered(office) == []
    assert await signs(office) == ["failed"]


async def test_what_may_have_come_before_the_end_is_found_out(office: OfficeHours) -> None:
    """A worker died over it: the page may have shown it."""
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await delivered(office)
    await office.staff("One moment")
    office.clock.move(60)
    assert await office.store.claim_deliveries("web", "main", 10, 5.0)
    await ends(office)
    assert await delivered(office) == ["One moment"]


async def test_what_staff_resolve_afterwards_says_nothing_more(office: OfficeHours) -> None:
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await ends(office)
    await office.press(StaffAction.RESOLVE)
    await delivered(office)
    told = [post.text for post in await office.posts("remark")]
    assert not any("did not reach" in text for text in told), told


@BOTH_DATABASES
@pytest.mark.parametrize("room", [0, 10])
@pytest.mark.parametrize("committed", [True, False])
async def test_an_answer_of_the_agents_in_flight_does_not_come_out_after_the_end(
    store: SqlStore, clock: ManualClock, room: int, committed: bool
) -> None:
    """Decided before the end, and committed before it without being sent, or behind it, with a lane or without."""
    office = OfficeHours(store, clock, SETTINGS)
    office.turn = Turn(Echo(), SlackDesk(office.parts(store), SETTINGS), {}, CountedMetrics(), sorry)
    lanes = [LaneOffer("web", "main", room=room, lease=5.0, deadline=0.0)]
    await office.accepts(office.from_customer("Where is my parcel?"))
    (state,) = await store.claim(1, 5.0, history=60)
    decided = await office.turn.run(state)
    if committed:
        assert not (await store.finish([decided])).taken
    await store.end_conversation(HOME, ADA)
    if not committed:
        assert not (await store.finish([decided], lanes)).taken
    clock.move(60)
    for pending in await store.claim(1, 5.0, history=60):  # what was dropped because of the end is answered anew
        assert not (await store.finish([await office.turn.run(pending)], lanes)).taken
    assert not await store.claim_deliveries("web", "main", 10, 5.0)
    said = [one.id for one in await store.messages(HOME.conversation_id) if one.author == "agent"]
    assert not await store.waiting(said), "it is withheld, and does not wait for anything"
