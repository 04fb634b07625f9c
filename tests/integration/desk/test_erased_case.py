"""Staff who write into the thread of an erased customer's case read that it reaches nobody."""

from __future__ import annotations

from core.domain.messages import StaffAction
from core.storage.store import SqlStore
from handoff.texts import say
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.busy_desk import BusyDesk

OVER = say("staff_inside_over", "en")


async def test_what_staff_write_there_is_said_to_stay_inside(store: SqlStore, clock: ManualClock) -> None:
    desk = BusyDesk(store, clock)
    await desk.escalates()
    await desk.press(StaffAction.CLAIM)
    await desk.sends()
    await store.erase_customer("ada", lambda _: (), lambda note, _: note, "operator", only=False)
    said = await desk.writes("Are you still there?")
    assert await desk.remarks() == [OVER]
    await desk.accepts(desk.change(said, "Hello?"))
    await desk.works()
    assert await desk.remarks() == [OVER], "an edit of it is no new word"
    assert await desk.reads() == []
    assert not await desk.lane()
