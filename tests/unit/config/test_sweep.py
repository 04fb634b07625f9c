"""The sweep begins with the hub's workers, goes on after an error, and ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from config.sweep import DailySweep
from core.domain.errors import StoreUnavailable
from core.ports.extractor import AttachmentStore


class _Records:
    """Fails at first, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.asked_again = asyncio.Event()

    async def stale_attachments(self, older_than: float, limit: int) -> Sequence[Any]:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("down")
        self.asked_again.set()
        return []


async def test_it_goes_on_after_an_error_and_ends() -> None:
    records = _Records()
    sweep = DailySweep(cast(Any, records), cast(AttachmentStore, None), every=0)
    sweep.start()
    async with asyncio.timeout(5):
        await records.asked_again.wait()
    await sweep.stop()
    asked = records.asked
    await asyncio.sleep(0)
    assert records.asked == asked


async def test_stopping_what_was_never_started_is_nothing() -> None:
    await DailySweep(cast(Any, _Records()), cast(AttachmentStore, None)).stop()
