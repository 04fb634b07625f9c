"""What became of scenarios: pass^k and JUnit's XML."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from config.conversations.scenario import Scenario, read_scenarios
from config.simulation.play import Played
from config.simulation.results import as_junit, as_lines, pass_hat
from config.simulation.scripted_model import ScriptedModel
from core.domain.errors import ConfigError


def _case(name: str) -> Scenario:
    return Scenario.model_validate({"id": name, "turns": [{"user": "Hello", "says": "Hi"}], "line": 7})


def _runs(case: Scenario, *passed: bool) -> list[Played]:
    return [Played(case, run, [] if ok else ["turn 1: no"], ["Hub: \x07Hi"]) for run, ok in enumerate(passed, 1)]


def test_pass_hat_k_is_the_chance_that_all_of_k_runs_succeed() -> None:
    played = [*_runs(_case("always"), True, True, True), *_runs(_case("mostly"), True, False, True)]
    assert pass_hat(played, 1) == pytest.approx((1 + 2 / 3) / 2)
    assert pass_hat(played, 2) == pytest.approx((1 + 1 / 3) / 2)
    assert pass_hat(played, 3) == pytest.approx(0.5)


def test_failures_are_told_with_what_was_said() -> None:
    lines = as_lines(_runs(_case("one"), False, True), unjudged=2)
    assert lines[:2] == ["FAILED one (line 7, run 1, web)", "  turn 1: no"]
    assert "1 of 2 conversations went as expected." in lines
    assert "pass^2: 0.0%" in lines
    assert "2 turns" in lines[-1]


def test_junit_holds_each_run_whatever_was_said() -> None:
    suite = ElementTree.fromstring(as_junit(_runs(_case("one"), True, False)))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite] == ["one", "one (run 2)"]
    assert suite[1].findtext("failure") == "turn 1: no"
    assert suite[0].findtext("system-out") == "Hub: \N{REPLACEMENT CHARACTER}Hi"


def test_a_model_that_is_to_answer_the_same_differently_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        "conversations:\n"
        "  - {id: one, turns: [{user: Hello, reply: Hi, says: Hi}]}\n"
        "  - {id: two, turns: [{user: Hello, reply: Ho, says: Ho}]}\n"
    )
    with pytest.raises(ConfigError, match=r"line 3 \(two\): the customer writes the same as in one"):
        ScriptedModel([read_scenarios(file)])
