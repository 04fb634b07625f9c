"""The hub is killed with -9, and every platform fails and repeats itself, during the whole life of cases on all channels.

What is promised: each word in its place, once and in its order; where a platform cannot be asked what became of a write
(Telegram, SMTP), once but for what the hub itself marks as a possible duplicate. What was lost there twice is put aside, and
sent again by the person who runs the hub.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.desk.office import whole
from tests.faults.channels.weather import Trouble
from tests.faults.checks import Stored, read_settled
from tests.faults.conftest import MakeFaultyHub
from tests.faults.desk.busy_day import BusyDay
from tests.faults.desk.caretaker import caretaker
from tests.faults.desk.day_judge import judge
from tests.faults.desk.marks import doubled
from tests.faults.desk.patient_office import PatientOffice
from tests.faults.desk.square import CHANNELS, Square, square
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed
from tests.servers.hub import Hub
from tests.soak_report import Report

pytestmark = pytest.mark.slow

_ASIDE = "Sent twice without an answer"


async def _kill(hub: Hub, rng: random.Random, days: list[asyncio.Task[None]], most: int, longest: float) -> int:
    """Again and again, until everybody's day is over. ``longest``: seconds that it may live."""
    for kills in range(most):
        done, waiting = await asyncio.wait(days, timeout=rng.uniform(0.5, longest))
        if not waiting or any(day.exception() for day in done):
            return kills
        hub.kill()
        await asyncio.to_thread(hub.start)
    return most


@pytest.mark.soak(small=False)
@pytest.mark.timeout(7200)
async def test_the_desk_is_killed(
    make_faulty_hub: MakeFaultyHub, database_url: str, tmp_path: Path, make_report: MakeReport
) -> None:
    database = database_url.partition(":")[0]
    title = f"The whole life of cases on every channel, under kill -9 and failing platforms, on {database}"
    report = make_report(f"desk-killed-{database}", title)
    pick = Scale(report.full).pick
    people, kills, trouble = pick(small=5, full=25), pick(small=2, full=40), pick(small=1, full=2) / 10
    rng = random.Random(f"{run_seed()}:desk")
    tags = [f"c{number:03}" for number in range(1, people + 1)]
    async with square(make_faulty_hub, tmp_path, database_url, run_seed(), tags, trouble) as place:
        days = [
            BusyDay(await place.newcomer(number), place.office, tag, within=pick(small=360, full=1200))
            for number, tag in enumerate(tags, start=1)
        ]
        async with caretaker(place.hub, database_url, days) as person:
            living = [asyncio.create_task(day.live()) for day in days]
            killed = await _kill(place.hub, rng, living, kills, longest=pick(small=12, full=5))
            await asyncio.gather(*living)
            await place.rest()
            # a message whose tries were often cut short waits up to minutes before the next one
            stored = await read_settled(database_url, within=pick(small=360, full=900))
        wrong = await _wrong(days, stored, person.sent_again)
        _describe(report, place, stored, killed=killed, cases=2 * people)
        report.record("messages put aside that a person sent again", len(person.sent_again))
        report.record("customers for whom anything was lost, doubled, out of order or in the wrong hands", len(wrong))
        assert not wrong, wrong
        assert not doubled(place.slack)
        assert not _strays(place.office, days)
        assert not _left(stored)
        assert not place.telegram.problems
        assert await asyncio.to_thread(place.hub.stop) == 0, place.hub.log_tail()


async def _wrong(days: Sequence[BusyDay], stored: Stored, sent_again: list[str]) -> dict[str, Any]:
    """By customer, with what there was to be seen."""
    doubtful = _doubtful(stored)
    wrong: dict[str, Any] = {}
    for day in days:
        mine = [] if day.person.asks else doubtful.get((day.person.channel, day.person.who), [])
        seen = await day.seen(mine, sent_again)
        if found := judge(day.due, seen):
            wrong[f"{day.tag} on {day.person.channel}"] = [*found, seen]
    return wrong


def _doubtful(stored: Stored) -> dict[tuple[str, str], list[str]]:
    """What the hub says may have come twice, by whom it was for."""
    whose = {row.id: (row.channel, row.external_id) for row in stored.conversations}
    texts = {row.id: " ".join(row.text.split()) for row in stored.messages}
    found: dict[tuple[str, str], list[str]] = {}
    for row in stored.outbox:
        if row.possible_duplicate:
            found.setdefault(whose[row.conversation_id], []).append(texts.get(row.message_id, ""))
    return found


def _left(stored: Stored) -> list[str]:
    """What did not go, and should have."""
    asked = {"slack", "sms", "web", "desk"}
    return [
        f"{row.channel}: {row.status} {row.last_error}"
        for row in stored.outbox
        if row.status != "sent"
        and "withheld" not in f"{row.status} {row.last_error}"
        and not (row.status == "dead" and row.channel not in asked and _ASIDE in str(row.last_error))
    ]


def _strays(office: PatientOffice, days: Sequence[BusyDay]) -> list[str]:
    """Messages in the staff channel itself that belong to nobody's case."""
    known = {card["ts"] for day in days for card in day.cards()}
    return [f"a stray message: {whole(one)}" for one in office.cards if one["ts"] not in known]


def _describe(report: Report, place: Square, stored: Stored, *, killed: int, cases: int) -> None:
    report.record("cases", cases)
    report.record("channels of their customers", ", ".join(CHANNELS))
    report.record("killed with -9 at any moment", killed)
    for name, counts in place.counts().items():
        for what, count in sorted(counts.items(), key=lambda one: str(one[0])):
            kind = "calls that met " if isinstance(what, Trouble) else ""
            report.record(f"{name}: {kind}{what}", count)
    for name, count in sorted(Counter(row.channel for row in stored.outbox).items()):
        report.record(f"{name}: messages of the hub", count)
    for name, count in sorted(Counter(row.channel for row in stored.outbox if row.possible_duplicate).items()):
        report.record(f"{name}: marked as possible duplicates", count)
