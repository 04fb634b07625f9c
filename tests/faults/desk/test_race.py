"""The race: an answer of the agent's is on its way, and somebody claims. Nobody ever hears two voices."""

from __future__ import annotations

import random

import pytest

from tests.e2e.channels.slack_customer import DirectCustomer, ThreadCustomer
from tests.faults.desk.conftest import Arena, MakeArena, gathered
from tests.faults.desk.race import MOMENTS, Place, Runner, SinkPlace, SlackPlace, Way
from tests.faults.desk.race_judge import judge
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.seed import run_seed

pytestmark = pytest.mark.slow

_AT_ONCE = 25


def _place(arena: Arena, number: int, tag: str) -> Place:
    """Half of the people are on Slack and on the web, half on the channel that loses answers."""
    hook = f"http://127.0.0.1:{arena.hub.port}/webhooks/slack"
    match number % 5:
        case 0:
            return SinkPlace(arena.hub, "web", "default", tag)
        case 1 if number % 2:
            return SlackPlace(DirectCustomer(arena.slack.fake, number, hook), f"D0CUST{number:03}")
        case 1:
            return SlackPlace(ThreadCustomer(arena.slack.fake, number, hook), f"C0CUST{number:03}")
        case 2:
            return SinkPlace(arena.hub, "tracked", "main", tag)
        case _:
            return SinkPlace(arena.hub, "courier", "main", tag)


@pytest.mark.soak(small=False)
@pytest.mark.timeout(1800)
async def test_after_a_claim_nobody_hears_the_agent(
    make_arena: MakeArena, database_url: str, make_report: MakeReport
) -> None:
    database = database_url.partition(":")[0]
    report = make_report(f"desk-race-{database}", f"Claimed while the agent answers, on {database}")
    seed = run_seed()
    rng = random.Random(f"{seed}:race")
    claims = Scale(report.full).pick(small=25, full=1_000)
    async with make_arena(database_url, seed) as arena:
        runners: list[Runner] = []
        for number in range(claims):
            tag = f"t{number:04}"
            place = _place(arena, number, tag)
            beside = runners if rng.random() < 0.4 else ()
            runners.append(Runner(tag, place, rng.choice(list(Way)), rng.choice(MOMENTS), beside=beside))
        await gathered(_AT_ONCE, [runner.run(arena.staff, arena.model) for runner in runners])
        await judge(arena, runners, report)
    report.record("conversations", claims)
