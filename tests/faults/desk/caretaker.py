"""Whoever runs the hub beside the staff, and sends again what it has put aside and a customer does not have."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from core.clock import SystemClock
from core.storage.database import Database
from core.storage.tables import conversation, message, outbox
from tests.faults.channels.operator import send_again, watching
from tests.faults.desk.busy_day import BusyDay
from tests.servers.hub import Hub

_LOOK = 2.0


@dataclass
class Caretaker:
    """``sent_again``: the texts. Only where a platform cannot be asked is anything put aside in these runs."""

    hub: Hub
    url: str
    days: Sequence[BusyDay]
    sent_again: list[str] = field(default_factory=list)

    async def watch(self) -> None:
        """Until cancelled."""
        known = {(day.person.channel, day.person.who): day for day in self.days}
        database = Database(self.url, SystemClock(), server_clock=False)
        database.open()
        try:
            while True:
                letters = await database.read(_letters)
                times = Counter((one.conversation_id, one.text) for one in letters)
                for one in letters:
                    day = known.get((one.channel, one.external_id))
                    wanted = times[one.conversation_id, one.text]
                    if one.status == "dead" and day is not None and await self._lacks(day, one.text, wanted):
                        await send_again(self.hub, one.id)
                        self.sent_again.append(one.text)
                await asyncio.sleep(_LOOK)
        finally:
            await database.close()

    async def _lacks(self, day: BusyDay, text: str, times: int) -> bool:
        said = " ".join(text.split())
        if sum(said in one for one in day.read()) < times:
            return True
        return day.brings_a_file(text) and not await day.person.papers()


def _letters(connection: Connection) -> list[Any]:
    """What was sent or put aside."""
    wanted = (outbox.c.id, outbox.c.status, outbox.c.channel, outbox.c.conversation_id)
    rows = (
        select(*wanted, conversation.c.external_id, message.c.text)
        .select_from(outbox)
        .join(message, message.c.id == outbox.c.message_id)
        .join(conversation, conversation.c.id == outbox.c.conversation_id)
        .where(outbox.c.status.in_(("sent", "dead")))
    )
    return list(connection.execute(rows))


@asynccontextmanager
async def caretaker(hub: Hub, url: str, days: Sequence[BusyDay]) -> AsyncIterator[Caretaker]:
    """Somebody is there."""
    found = Caretaker(hub, url, days)
    async with watching(found.watch()):
        yield found
