"""A desk whose owner's words wait to be sent, with the lane to the customer in the test's hands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.delivery import DeliveryStatus
from core.domain.keys import EventKey
from core.domain.messages import Audience, MessageDeleted, MessageEdited, MessageReceived
from core.ports.store import Delivery, Settlement
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import OfficeHours
from tests.integration.desk.test_timers import SETTINGS

UNDO = 5.0


class BusyDesk(OfficeHours):
    """With a customer on the page, to whom what is due is sent."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        super().__init__(store, clock, replace(SETTINGS, undo_seconds=UNDO))
        self.heard: list[str] = []

    async def writes(self, text: str, user: str = "grace") -> MessageReceived:
        """In the thread, and its turn is done."""
        event = self.from_staff(text, None, user)
        await self.accepts(event)
        await self.works()
        return event

    def change(self, target: MessageReceived, text: str | None) -> MessageEdited | MessageDeleted:
        """With None it is deleted."""
        self.events += 1
        key, now = EventKey("slack", "main", f"x{self.events}"), self.clock.now()
        if text is None:
            return MessageDeleted(key, target.conversation, target.key, now, audience=Audience.STAFF)
        return MessageEdited(key, target.conversation, target.key, text, now, Audience.STAFF)

    async def lane(self) -> Sequence[Delivery]:
        """What is claimed to be sent now."""
        return await self.store.claim_deliveries("web", "main", 10, 5.0)

    async def sends(self, status: DeliveryStatus = DeliveryStatus.SENT) -> None:
        """All that is due, one after the other."""
        while claimed := await self.lane():
            for one in claimed:
                settled = Settlement(one.id, one.token, status, error="It was refused." if status == "dead" else None)
                await self.store.settle([settled])
                self.heard += [one.message.text] if status is DeliveryStatus.SENT else []

    async def remarks(self) -> list[str]:
        """What the thread says in small letters."""
        return [one.text for one in await self.posts("remark")]
