"""The sweep begins with the hub's workers, goes on after an error, and ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from config.sweep import DailySweep, kept_for, remove_expired
from core.domain.errors import StoreUnavailable
from core.ports.extractor import AttachmentStore
from core.ports.retention import Expiring, Page, Place


class _Records:
    """Fails at first, and counts how often it was asked. Three pages of each kind, with two old rows on each."""

    def __init__(self, *, fails_for: Expiring | None = None) -> None:
        self.asked = 0
        self.asked_again = asyncio.Event()
        self.fails_for = fails_for
        self.pages: list[tuple[Expiring, float, Place | None]] = []

    async def stale_attachments(self, older_than: float, limit: int) -> Sequence[Any]:
        self.asked += 1
        if self.asked == 1:
            raise StoreUnavailable("down")
        self.asked_again.set()
        return []

    async def remove_expired(self, what: Expiring, older_than: float, *, after: Place | None, limit: int) -> Page:
        self.pages.append((what, older_than, after))
        if what is self.fails_for and after is not None:
            raise StoreUnavailable("down")
        number = 1 if after is None else int(after[0]) + 1
        return Page(2, (number,) if number < 3 else None)


def _sweep(records: _Records, **given: Any) -> DailySweep:
    return DailySweep(cast(Any, records), cast(AttachmentStore, None), **given)


async def test_it_goes_on_after_an_error_and_ends() -> None:
    records = _Records()
    sweep = _sweep(records, every=0)
    sweep.start()
    async with asyncio.timeout(5):
        await records.asked_again.wait()
    await sweep.stop()
    asked = records.asked
    await asyncio.sleep(0)
    assert records.asked == asked


async def test_stopping_what_was_never_started_is_nothing() -> None:
    await _sweep(_Records()).stop()


async def test_it_says_how_much_went_even_when_it_did_not_get_to_the_end() -> None:
    records = _Records(fails_for=Expiring.FRAMES)
    sweep = _sweep(records, every=0, ages=kept_for(30))
    with capture_logs() as logs:
        sweep.start()
        async with asyncio.timeout(5):
            await records.asked_again.wait()
        await sweep.stop()
    counted = [(line["kind"], line["count"]) for line in logs if line["event"] == "sweep.rows_removed"]
    assert counted[:4] == [("raw_events", 6), ("frames", 2), ("tool_calls", 6), ("deliveries", 6)]
    assert [line["error"] for line in logs if line["event"] == "sweep.failed"][:2] == ["down", "down"]


async def test_it_looks_at_page_after_page() -> None:
    records = _Records()
    assert await remove_expired(cast(Any, records), Expiring.TOOL_CALLS, 60.0) == 6
    assert records.pages == [(Expiring.TOOL_CALLS, 60.0, place) for place in (None, (1,), (2,))]


async def test_zero_days_keep_everything() -> None:
    records = _Records()
    sweep = _sweep(records, every=0, ages=kept_for(0))
    sweep.start()
    async with asyncio.timeout(5):
        await records.asked_again.wait()
    await sweep.stop()
    assert records.pages == []


@pytest.mark.parametrize("days", [1, 30, 400])
def test_each_kind_has_its_age(days: int) -> None:
    ages = kept_for(days)
    assert set(ages) == set(Expiring)
    assert ages[Expiring.RAW_EVENTS] == days * 86_400
