"""``switchboard experiments`` says what came of each arm, and whether the arms differ."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from click.testing import CliRunner

from config.cli import main
from config.commands.experiments import experiment_lines
from config.settings import read_settings
from core.domain.errors import ConfigError
from core.domain.experiments import ArmOutcome

ARMS = {"usual": {}, "brief": {"temperature": 0.2}, "other": {}}
GIVEN = {"tone": {"share": 0.5, "arms": ARMS}}
FOUND = [
    ArmOutcome("tone", "brief", 80, answered=48, escalated=20, thumbs=10, thumbs_up=3),
    ArmOutcome("tone", "gone", 1, answered=1),
    ArmOutcome("tone", "usual", 70, answered=56, escalated=14, thumbs=10, thumbs_up=9),
]


class _Store:
    def __init__(self, found: Sequence[ArmOutcome]) -> None:
        self._found = found

    async def experiment_outcomes(self) -> Sequence[ArmOutcome]:
        return self._found


def shown(monkeypatch: pytest.MonkeyPatch, found: Sequence[ArmOutcome], *options: str) -> str:
    """What the command says where these are the outcomes."""

    async def ask(_settings: object, request: dict[str, object], _answers: object) -> list[dict[str, object]]:
        return [line async for line in experiment_lines(_Store(found), request)]

    monkeypatch.setattr("config.commands.experiments.ask", ask)
    ran = CliRunner().invoke(main, ["experiments", *options], env={"EXPERIMENTS": json.dumps(GIVEN)})
    assert ran.exit_code == 0, ran.output
    return ran.output


def test_arms_are_compared_with_the_first_one_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [" ".join(line.split()) for line in shown(monkeypatch, FOUND).splitlines()]
    assert lines[:2] == ["tone", "usual: 70 customers"]
    assert "answered without a person 56 of 70 80.0% (69.2% to 87.7%)" in lines
    assert "rated 4 or 5 0 of 0 none" in lines
    against = lines[lines.index("brief against usual") :]
    assert against[1] == "answered without a person less (-20.0 points, -33.4 to -5.2)"
    assert against[2] == "came to people no difference shown (+5.0 points, -8.6 to +18.0)"
    assert against[3] == "only thumbs up less (-60.0 points, -80.9 to -17.1)"
    assert against[4] == "rated 4 or 5 no difference shown (nothing to compare)"
    assert "gone against usual" in lines
    assert "by chance" in lines[-1] or "by chance" in lines[-2]


def test_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    [experiment] = json.loads(shown(monkeypatch, FOUND, "--json"))["experiments"]
    usual, brief, gone = experiment["arms"]
    assert [one["name"] for one in (usual, brief, gone)] == ["usual", "brief", "gone"]
    assert "difference" not in usual["measures"]["only thumbs up"]
    measures = brief["measures"]
    assert measures["answered without a person"]["difference"] == pytest.approx(-0.2)
    assert measures["answered without a person"]["difference_interval"] == pytest.approx([-0.3339, -0.0524], abs=5e-5)
    assert {name: one["differs"] for name, one in measures.items()} == {
        "answered without a person": True,
        "came to people": False,
        "only thumbs up": True,
        "rated 4 or 5": False,
    }


def test_nothing_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(monkeypatch, []) == "No customer was answered in an experiment yet.\n"
    assert json.loads(shown(monkeypatch, [], "--json")) == {"experiments": []}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("[1]", "EXPERIMENTS"),
        ('{"A b": {"share": 1, "arms": {"a": {}, "b": {}}}}', "'A b' is no name"),
        ('{"t": {"share": 1, "arms": {"a": {}}}}', "EXPERIMENTS.T.ARMS"),
        ('{"t": {"share": 0, "arms": {"a": {}, "b": {}}}}', "EXPERIMENTS.T.SHARE"),
        ('{"t": {"share": 1.1, "arms": {"a": {}, "b": {}}}}', "EXPERIMENTS.T.SHARE"),
        ('{"t": {"share": 1, "arms": {"a": {"temperature": 3}, "b": {}}}}', "EXPERIMENTS.T.ARMS.A.TEMPERATURE"),
        ('{"t": {"share": 1, "arms": {"a": {"prompt": "x"}, "b": {}}}}', "EXPERIMENTS.T.ARMS.A.PROMPT"),
    ],
)
def test_what_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch, value: str, says: str) -> None:
    monkeypatch.setenv("EXPERIMENTS", value)
    with pytest.raises(ConfigError) as caught:
        read_settings()
    assert says in str(caught.value)
