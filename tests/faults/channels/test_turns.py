"""Many customers talk on every channel at once, in turns: each reads what is meant for them, in order, and once."""

from __future__ import annotations

import pytest

from tests.faults.channels.conftest import NAMES, MakeStreet
from tests.faults.channels.judge import judge
from tests.faults.channels.throng import throng
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed

pytestmark = pytest.mark.slow


@pytest.mark.soak(small=False)
@pytest.mark.timeout(1800)
async def test_nobody_reads_what_is_for_others(
    make_street: MakeStreet, url_of_ways: str, ways: str, make_report: MakeReport
) -> None:
    report = make_report(
        f"turns-{ways}", f"Conversations in turns on every channel at once: {NAMES[ways]}, SMS, e-mail"
    )
    pick = Scale(report.full).pick
    customers, turns = pick(small=8, full=50), pick(small=3, full=10)
    async with make_street(url_of_ways, ways, run_seed()) as street:
        await street.open(customers)
        async with throng(street.doors, customers, turns, in_turns=True) as people:
            await people.finished(within=pick(small=360, full=900))
            await judge(people, url_of_ways, report)
            report.record("turns in each conversation", turns)
            report.note("The responder repeats what it was asked, so each answer names whom it is for.")
        assert street.hub.stop() == 0, street.hub.log_tail()
