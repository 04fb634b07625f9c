"""A refund is made exactly once, wherever the hub is killed, whatever becomes of the call, and however often the model asks."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from config.sample_company.books import Books
from config.sample_company.process import openapi_settings, sample_company
from tests.faults.conftest import MakeFaultyHub
from tests.faults.points import AGENT_VARIABLE
from tests.faults.refunds.forgetful_model import NOT_MADE, PAID, UNKNOWN, ForgetfulModel, Habit
from tests.faults.refunds.shopper import SECRET
from tests.faults.refunds.storm import Run, Storm, runs_of, wrong_of
from tests.fixtures.report import MakeReport
from tests.scale import Scale
from tests.servers.chat_endpoint import ANSWERS, CHECKS, ChatEndpoint
from tests.servers.unreliable_proxy import UnreliableProxy
from tests.soak_report import Report

pytestmark = pytest.mark.slow


def _environment(company: str, model: str) -> dict[str, str]:
    given = openapi_settings(company)
    shop = given["openapi_tools"]["company"] | {"bind": {"customer": "user_id"}}
    overrides = given["tool_overrides"]
    overrides["refund_order"] |= {"timeout": 2}
    return {
        AGENT_VARIABLE: "1",
        "OPENAPI_TOOLS": json.dumps({"company": shop}),
        "TOOL_OVERRIDES": json.dumps(overrides),
        "WIDGET_IDENTITY_SECRET": SECRET,
        "OPENAI_BASE_URL": model,
        "OPENAI_API_KEY": "none",
        "OPENAI_MODEL": ANSWERS,
        "AGENT_VERIFY_MODEL": CHECKS,
        "AGENT_VISION_MODEL": "off",
        "AGENT_TRANSCRIPTION_MODEL": "off",
        "MEMORY": "false",
    }


async def _refunds_killed(make_faulty_hub: MakeFaultyHub, url: str, folder: Path, report: Report, count: int) -> None:
    runs = runs_of(report.seed, count)
    async with (
        sample_company(folder / "refunds.db") as company,
        UnreliableProxy(company) as proxy,
        ChatEndpoint(ForgetfulModel([Habit.ONCE, *(run.habit for run in runs)]).says) as model,
    ):
        hub, switches = make_faulty_hub(database_url=url, environment=_environment(proxy.url, model.url))
        storm = Storm(hub, switches, proxy, runs, report.seed)
        await storm.rage()
        hub.kill()
        await proxy.settled()
    refunds = Counter(one["customer"] for one in Books(folder / "refunds.db").list_refunds())
    wrong = wrong_of(runs, refunds, proxy)
    _describe(report, runs, storm, refunds, wrong)
    assert not wrong, "\n".join(wrong)


def _describe(report: Report, runs: list[Run], storm: Storm, refunds: Counter[str], wrong: list[str]) -> None:
    report.record("refunds that customers confirmed", len(runs))
    report.record("refunds that the company made", sum(refunds.values()))
    report.record("made twice, not at all, or told falsely", len(wrong))
    report.record("customers told that it is paid back", sum(PAID in " ".join(run.read) for run in runs))
    report.record("customers told that it cannot be told", sum(UNKNOWN in " ".join(run.read) for run in runs))
    report.record("confirmations sent more than once", sum(run.posts > 1 or run.impatient for run in runs))
    for habit, times in sorted(Counter(run.habit for run in runs).items()):
        report.record(f"the model {habit}", times)
    for trouble, times in sorted(Counter(run.trouble for run in runs).items()):
        report.record(f"the call: {trouble}", times)
    report.record("times the hub was killed with -9", storm.kills.total())
    for name, times in sorted(storm.kills.items()):
        report.record(f"killed: {name}", times)


@pytest.mark.soak(small=False)
@pytest.mark.timeout(3600)
async def test_a_confirmed_refund_is_made_exactly_once(
    make_faulty_hub: MakeFaultyHub, make_report: MakeReport, database_url: str, tmp_path: Path, scale: Scale
) -> None:
    database = database_url.partition(":")[0].partition("+")[0]
    report = make_report(f"refunds-killed-{database}", f"Refunds while the hub is killed, on {database}")
    await _refunds_killed(make_faulty_hub, database_url, tmp_path, report, scale.pick(small=15, full=500))


def test_the_judge_sees_what_is_made_twice_or_not_at_all_and_what_is_told_falsely() -> None:
    runs = [
        replace(run, read=[f"It {told}."])
        for run, told in zip(runs_of(1, 4), (PAID, PAID, PAID, NOT_MADE), strict=True)
    ]
    wrong = wrong_of(runs, Counter({"C0001": 1, "C0002": 2, "C0004": 1}), UnreliableProxy(""))
    assert [one[:5] for one in wrong] == ["run 2", "run 3", "run 4"]
