"""The sweep begins with the hub's workers, goes on after an error, and ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from config.processes.election import Election
from config.processes.sweep import DailySweep, kept_for, remove_expired, unused_after
from core.domain.errors import StoreUnavailable
from core.ports.extractor import AttachmentStore
from core.ports.retention import Expiring, Page, Place
from tests.patience import PATIENCE
from tests.unit.config.leases import Leases
from tests.unit.core.eventually import eventually


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


@pytest.fixture
def leases() -> Leases:
    return Leases()


def _sweep(records: _Records, **given: Any) -> DailySweep:
    return DailySweep(cast(Any, records), cast(AttachmentStore, None), **given)


async def test_it_goes_on_after_an_error_and_ends() -> None:
    records = _Records()
    sweep = _sweep(records, every=0)
    sweep.start()
    async with asyncio.timeout(PATIENCE):
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
        async with asyncio.timeout(PATIENCE):
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
    async with asyncio.timeout(PATIENCE):
        await records.asked_again.wait()
    await sweep.stop()
    assert records.pages == []


@pytest.mark.parametrize("days", [1, 30, 400])
def test_each_kind_has_its_age(days: int) -> None:
    ages = kept_for(days, 2 * days)
    assert set(ages) == set(Expiring)
    assert ages[Expiring.RAW_EVENTS] == days * 86_400
    assert ages[Expiring.FACTS] == 2 * days * 86_400
    assert set(kept_for(0, days)) == {Expiring.FACTS, Expiring.SUMMARIES}
    assert not {Expiring.FACTS, Expiring.SUMMARIES} & set(kept_for(days))


def _one_of(leases: Any, process: str, records: _Records, every: float = 86_400.0) -> DailySweep:
    return _sweep(records, every=every, ages=kept_for(30, 365), election=Election(leases, process))


async def test_of_several_processes_one_does_it(leases: Leases) -> None:
    several = [_Records() for _ in range(3)]
    sweeps = [_one_of(leases, f"p{number}", records) for number, records in enumerate(several)]
    for sweep in sweeps:
        sweep.start()
    await eventually(lambda: leases.asked >= {"p0", "p1", "p2"} and leases.seconds > 3_600)
    for sweep in sweeps:
        await sweep.stop()
    assert sorted(records.asked for records in several) == [0, 0, 1]
    assert sorted(len(records.pages) for records in several) == [0, 0, 3 * len(Expiring)]
    assert leases.holder is not None, "until tomorrow"


async def test_what_was_stopped_in_the_middle_is_anybodys(leases: Leases) -> None:
    class Slow(_Records):
        async def remove_expired(self, what: Expiring, *given: Any, **named: Any) -> Page:
            self.asked_again.set()
            await asyncio.Event().wait()
            raise AssertionError

    records = Slow()
    sweep = _one_of(leases, "p0", records)
    sweep.start()
    async with asyncio.timeout(PATIENCE):
        await records.asked_again.wait()
    await sweep.stop()
    assert leases.holder is None


async def test_whoever_loses_the_lease_in_the_middle_leaves_the_rest(leases: Leases) -> None:
    class Losing(_Records):
        async def remove_expired(self, what: Expiring, *given: Any, **named: Any) -> Page:
            leases.holder = "somebody else"
            self.asked_again.set()
            return await super().remove_expired(what, *given, **named)

    records = Losing()
    sweep = _one_of(leases, "p0", records)
    sweep.start()
    async with asyncio.timeout(PATIENCE):
        await records.asked_again.wait()
    await eventually(lambda: leases.refused == {"p0"})
    await sweep.stop()
    assert {what for what, *_ in records.pages} == {Expiring.RAW_EVENTS}
    assert leases.holder == "somebody else"


async def test_a_database_that_is_away_elects_nobody(leases: Leases) -> None:
    records = _Records()
    leases.away = True
    sweep = _one_of(leases, "p0", records, every=0)
    sweep.start()
    await eventually(lambda: leases.asked == {"p0"})
    leases.away = False
    async with asyncio.timeout(PATIENCE):
        await records.asked_again.wait()
    await sweep.stop()


async def test_notes_of_channels_go_after_the_rows_and_stay_as_long_at_least() -> None:
    assert unused_after(0) == {}
    assert unused_after(365)["telegram"]["album/"] == 365 * 86_400.0
    assert unused_after(30)["email"]["thread/"] > 365 * 86_400.0, "somebody may answer a mail of last year"
    asked: list[str] = []

    class _Forgetting(_Records):
        async def forget_unused(self, channel: str, ages: Any, *, after: Place | None, limit: int) -> Page:
            asked.append(channel)
            if channel == "slack":
                raise StoreUnavailable("down")
            if channel == "telegram":
                self.asked_again.set()
            return Page(0, None)

    records = _Forgetting()
    sweep = _sweep(records, unused=unused_after(30))
    sweep.start()
    async with asyncio.timeout(PATIENCE):
        await records.asked_again.wait()
    await sweep.stop()
    assert asked == ["desk", "email", "knowledge", "slack", "sms", "telegram"], (
        "what fails keeps nothing else from its turn"
    )
