"""The scenarios that are shipped go as they expect; and every kind of expectation fails where the hub does otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.commands.replay import replayed
from config.conversations.scenario import GROUPS, read_scenarios
from config.simulation.customers import PLACES
from config.simulation.play import Played
from tests.e2e.knowledge_copy import copy_of, indexed_sample, run_command
from tests.servers.models import MODELS
from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

SHIPPED = sorted((ROOT / "config" / "simulation" / "scenarios").glob("*.yaml"))


@pytest.fixture
def data_dir(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With the sample indexed. The hub runs in the test's own process, so its settings come from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EMBEDDING_CACHE", str(MODELS))
    monkeypatch.setenv("KNOWLEDGE_SOURCES", "sample")
    return copy_of(indexed_sample(tmp_path_factory), tmp_path) / "var"


def _failures(played: list[Played]) -> dict[str, list[str]]:
    return {one.case.id: [*one.failures, *one.seen] for one in played if one.failures}


async def test_every_shipped_scenario_goes_as_it_expects(data_dir: Path) -> None:
    played = await replayed([read_scenarios(path) for path in SHIPPED], data_dir=data_dir)
    assert _failures(played) == {}
    assert len({one.case.id for one in played}) >= 60
    assert {one.case.channel for one in played} == set(PLACES)
    demo = {one.case.channel for one in played if one.case.cat == "demo"}
    assert demo == set(PLACES) - set(GROUPS), "each of the demo's conversations is held on every channel"
    assert all(one.case.never or any(turn.expects for turn in one.case.turns) for one in played)


EXPECTATIONS = {
    "says: never said": "no customer reads “never said”",
    "says_not: sign-in page": "a customer reads “sign-in page”",
    'sources: ["@refund"]': "the answer does not show the source @refund",
    "sources: []": "should show none",
    "tools: [{name: search_knowledge}]": "the tool search_knowledge({}) is not called",
    "calls: [[{name: list_tickets}]]\n        results: never found": "no tool gives “never found”",
    "calls: [[{name: list_tickets}]]\n        results_not: tickets": "a tool gives “tickets”",
    "state: queued": "the conversation is with bot, not queued",
    "silent: true": "the hub should be silent",
    "expect: WITHHOLD\n        false: []": "a customer reads “Press **Forgot password?** on the sign-in page.”",
}


async def test_every_kind_of_expectation_can_fail(data_dir: Path, tmp_path: Path) -> None:
    cases = [
        f"  - id: c{number}\n    turns:\n      - user: How do I reset my password in case {number}?\n"
        f'        reply: "Press **Forgot password?** on the sign-in page [@pw]."\n        {line}\n'
        for number, line in enumerate(EXPECTATIONS)
    ]
    head = (
        'anchors: {pw: ["press **Forgot password?**"], refund: ["refunded in full within 30 days"]}\nconversations:\n'
    )
    file = tmp_path / "wrong.yaml"
    file.write_text(head + "".join(cases) + STAFF, encoding="utf-8")
    played = await replayed([read_scenarios(file)], data_dir=data_dir)
    *others, staff = played
    for one, failure in zip(others, EXPECTATIONS.values(), strict=True):
        assert any(failure in told for told in one.failures), (failure, one.failures, one.seen)
    assert staff.failures == [
        "turn 1: staff do not see “never said”",
        "turn 2: a customer reads “Hello from staff”",
        "turn 2: staff see “asked for a person”",
    ]


STAFF = """  - id: staff
    never: [Hello from staff]
    turns:
      - user: I want to talk to a person
        staff_see: never said
      - staff: [claim, {reply: Hello from staff}]
        staff_see_not: asked for a person
"""


def test_the_command_says_what_failed_and_writes_junit(tmp_path: Path) -> None:
    file, junit = tmp_path / "some.yaml", tmp_path / "junit.xml"
    file.write_text(
        "conversations:\n"
        "  - {id: good, turns: [{user: Hello, reply: Hello!, says: Hello}]}\n"
        "  - {id: poor, channel: telegram, turns: [{user: I want to talk to a person, says: Nobody is here}]}\n"
    )
    ran = run_command(
        tmp_path / "var", "replay", str(file), "--runs", "2", "--junit", str(junit), KNOWLEDGE_SOURCES="none"
    )
    assert ran.returncode == 1, ran.stderr
    assert "FAILED poor (line 3, run 1, telegram)" in ran.stdout
    assert "FAILED good" not in ran.stdout
    assert "pass^2: 50.0%" in ran.stdout
    assert 'failures="2"' in junit.read_text()
    assert not (tmp_path / "var").exists(), "it has a database of its own"


def test_a_broken_file_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("conversations:\n  - id: one\n    turns: [{user: Hello, sais: Hi}]\n")
    ran = run_command(tmp_path / "var", "replay", str(file))
    assert ran.returncode == 2
    assert "broken.yaml, line 3: conversations.0.turns.0.sais" in ran.stderr
