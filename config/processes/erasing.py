"""Erases customers who confirmed in the chat that they want it, beside the customers who write."""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from config.desk.erased import closing_posts, mail_thread_without
from config.processes.loops import LoopTask
from core.attachments.stale_files import remove_stale
from core.ports.extractor import AttachmentStore
from core.storage.store import SqlStore
from handoff.texts import say

log = structlog.get_logger(__name__)

_POLL = 5.0
"""Seconds between two looks. As long as the pause: an erasure is never urgent, and an idle hub stays quiet."""
_PAUSE = 5.0
"""Seconds from the answer on, in which a page that was just away can still show it."""
_LONGEST = 600.0
"""Seconds from the confirmation after which data are erased even if the answer was not delivered."""
_DAY = 86_400.0


class Erasing:
    """A loop of a worker. Any number of processes may do it: each erasure is one transaction, with the note that asks for it.

    A process that is killed has erased a customer whole or not at all; then the next start does it. ``language``: of the staff.
    """

    def __init__(self, store: SqlStore, files: AttachmentStore, language: str, *, pause: float = _PAUSE) -> None:
        self._store = store
        self._files = files
        self._closing = partial(closing_posts, language, say("staff_erased_by_customer", language))
        self._pause = pause
        self._loop = LoopTask()

    def start(self) -> None:
        """Returns at once."""
        self._loop.begin(self._run(), "erasing")

    async def stop(self) -> None:
        """What is under way is done after the next start."""
        await self._loop.end()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_POLL)
            try:
                await self.once()
            except Exception as error:  # a loop that ends here would erase nobody until the next start
                log.warning("erasing.failed", error=str(error))

    async def once(self) -> int:
        """How many customers were erased. One whose erasure fails is tried again, and keeps no other waiting.

        Raises StoreUnavailable.
        """
        count = 0
        for customer_id in await self._store.due_erasures(self._pause, _LONGEST):
            try:
                erased = await self._store.erase_confirmed(customer_id, self._closing, mail_thread_without)
            except Exception as error:
                log.warning("erasing.failed", customer=customer_id, error=str(error))
                continue
            if erased is None:
                continue
            count += 1
            if erased.unread:
                log.warning("customer.unread_left", customer=customer_id, quarantine=erased.unread)
        if count:
            await remove_stale(self._store, self._files, _DAY)
        return count
