"""Every channel at once, while the providers fail in every way they know and the hub is killed with -9 again and again.

What is promised: every message is answered, in order, in the right hands, and once: where the platform can be asked what became
of a write (Slack, Twilio), certainly; elsewhere (Telegram, SMTP) but for what the hub itself marks as a possible duplicate. What
was lost there twice is put aside, and sent again by the person who runs the hub.
"""

from __future__ import annotations

import random

import pytest

from tests.faults.channels.conftest import NAMES, Case, MakeStreet
from tests.faults.channels.judge import judge
from tests.faults.channels.operator import operator
from tests.faults.channels.throng import throng
from tests.faults.kill_scenarios import kill_at_any_moment, kill_at_points, points_of
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import FIXED

pytestmark = pytest.mark.slow

_WEB = "append."
"""Places that are reached for the web alone, which keeps a log of what it shows."""
_LIVES = (0.3, 2.5)


@pytest.mark.soak(small=False)
@pytest.mark.timeout(3600)
async def test_nothing_is_lost(make_street: MakeStreet, case: Case, case_url: str, make_report: MakeReport) -> None:
    title = f"Faults through every channel: {NAMES[case.ways]}, SMS, e-mail, on {case.database}"
    report = make_report(f"channels-{case.name}", title, run_seed=case.seed)
    pick = Scale(report.full).pick
    customers, each = pick(small=4, full=25), pick(small=5, full=12)
    rng = random.Random(case.seed)
    async with make_street(case_url, case.ways, case.seed, trouble=0.3, again=0.2) as street:
        await street.open(customers)
        async with throng(street.doors, customers, each) as people:
            await people.allow(1)
            street.hub.kill()
            if report.full:
                points = [point for point in points_of(FIXED, 1) if not point.startswith(_WEB)]
                killed = await kill_at_points(street.hub, street.switches, people, rng, points)
                report.record("killed with -9 at a named place", killed)
                street.hub.kill()
            killed = await kill_at_any_moment(street.hub, people, rng, pick(small=2, full=16), lives=_LIVES)
            report.record("killed with -9 at any moment", killed + 1)
            async with operator(street.hub, case_url, people.people) as person:
                await people.finished(within=pick(small=360, full=1800))
            await judge(people, case_url, report, person.sent_again)
        assert street.hub.stop() == 0, street.hub.log_tail()
