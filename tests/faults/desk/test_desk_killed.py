"""The hub is killed with -9, and Slack fails and repeats itself, during the whole life of cases. Nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.e2e.desk.office import Office
from tests.faults.checks import read_settled
from tests.faults.conftest import MakeFaultyHub
from tests.faults.desk.busy_day import Day, doubled, strays, wrong_in
from tests.faults.desk.patient_slack import PatientSlack
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed
from tests.servers.hub import Hub
from tests.servers.slack_world import SECRET, STAFF, TOKEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

_LAUNCHER = ("-m", "tests.faults.desk.hub_process")


async def _kill(hub: Hub, rng: random.Random, days: list[asyncio.Task[None]], most: int) -> int:
    """Again and again, until everybody's day is over."""
    for kills in range(most):
        done, waiting = await asyncio.wait(days, timeout=rng.uniform(0.5, 4.0))
        if not waiting or any(day.exception() for day in done):
            return kills
        hub.kill()
        await asyncio.to_thread(hub.start)
    return most


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_desk_is_killed(make_faulty_hub: MakeFaultyHub, database_url: str, make_report: MakeReport) -> None:
    database = database_url.partition(":")[0]
    report = make_report(
        f"desk-killed-{database}", f"The whole life of cases under kill -9 and a failing Slack, on {database}"
    )
    pick = Scale(report.full).pick
    customers, kills = pick(small=3, full=25), pick(small=3, full=60)
    rng = random.Random(f"{run_seed()}:desk")
    async with PatientSlack(rng, trouble=0.2, again=0.2) as slack:
        environment = {
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_BASE_URL": slack.api_url,
            "SLACK_STAFF_CHANNEL": STAFF,
            "DESK_UNDO_SECONDS": "1",
        }
        hub, _ = make_faulty_hub(database_url=database_url, lease=2.0, launcher=_LAUNCHER, environment=environment)
        await asyncio.to_thread(hub.start)
        office = Office(slack, hub)
        days = [
            Day(slack, office, f"{hub.url}/webhooks/slack", number, within=pick(small=120, full=900))
            for number in range(1, customers + 1)
        ]
        living = [asyncio.create_task(day.live()) for day in days]
        killed = await _kill(hub, rng, living, kills)
        await asyncio.gather(*living)
        await slack.rest()
        # a message whose tries were often cut short waits up to minutes before the next one
        stored = await read_settled(database_url, within=pick(small=120, full=900))
        left = [f"{row.channel}: {row.status} {row.last_error}" for row in stored.outbox if row.status != "sent"]
        wrong = {day.tag: found for day in days if (found := wrong_in(day))}
        report.record("cases", 2 * customers)
        report.record("killed with -9 at any moment", killed)
        for what, count in [*slack.counts.items(), *slack.trouble.met.items()]:
            report.record(str(what), count)
        report.record("messages of the hub", len(stored.outbox))
        report.record("lost, doubled, out of order or in the wrong hands", len(wrong))
        assert not wrong, (
            wrong,
            [(day.tag, day.read(), *map(day.thread, day.cards())) for day in days if day.tag in wrong],
        )
        assert not doubled(slack)
        assert not strays(slack, days)
        assert not [one for one in left if "withheld" not in one], left
        assert await asyncio.to_thread(hub.stop) == 0, hub.log_tail()
