"""What nobody knows is said: a message that was sent again without an answer may be with the customer twice."""

from __future__ import annotations

import pytest

from core.domain.delivery import DeliveryStatus
from core.domain.messages import StaffAction
from core.ports.store import Settlement
from core.storage.store import SqlStore
from handoff.thread.delivery_marks import marks
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.busy_desk import UNDO, BusyDesk


@pytest.mark.parametrize("twice", [True, False])
async def test_staff_read_that_the_customer_may_have_it_twice(store: SqlStore, clock: ManualClock, twice: bool) -> None:
    desk = BusyDesk(store, clock)
    await desk.escalates()
    await desk.press(StaffAction.CLAIM)
    await desk.sends()
    await desk.writes("The money is on its way")
    clock.move(UNDO + 1)
    (one,) = await desk.lane()
    await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT, possible_duplicate=twice)])
    for _ in range(2):
        await store.report_outcomes("main", lambda fate: marks(fate, "en"))
    told = [text for text in await desk.remarks() if "twice" in text]
    words = (
        "“The money is on its way” may have reached the customer twice: nobody said whether the first try had arrived."
    )
    assert told == ([words] if twice else [])
