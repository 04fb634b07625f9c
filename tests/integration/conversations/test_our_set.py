"""468 answers as models write them, in 16 languages: what the gate makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import pytest
from click.testing import CliRunner

from config.cli import main
from config.commands.conversations import knowledge_passages
from config.conversations.recorded_model import Noise, RecordedVerifier, is_among
from config.conversations.replay import Replay
from config.conversations.report import as_json
from config.conversations.transcript import Expected, read_transcripts
from config.settings import read_settings
from core.agent.answer_unit import AnswerUnit, UnitKind
from core.agent.settings import AgentSettings
from core.domain.knowledge import Passage
from tests.scale import run_scale
from tests.unit.agent.gate_world import World

CASES = Path(__file__).parents[2] / "fixtures" / "conversations.jsonl"
_SEEDS = range(run_scale().pick(small=2, full=6))


@pytest.fixture(scope="module")
def passages(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Passage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(tmp_path_factory.mktemp("data")))
        return knowledge_passages(read_settings())


async def _shares(passages: Sequence[Passage], noise: Noise) -> tuple[float, float]:
    known, cases = read_transcripts(CASES)
    settings = AgentSettings(company_name="Tidepool")
    replay = Replay(known, passages, settings, lambda case, turn: RecordedVerifier(case.id, turn, noise))
    found = as_json(await replay.run(cases))
    assert found["not_run"] == []
    return found["over"]["share"], found["under"]["share"]


def test_the_set_is_as_large_and_mixed_as_it_says() -> None:
    _, cases = read_transcripts(CASES)
    expected = [turn.expect for case in cases for turn in case.turns if turn.expect]

    assert len({case.id for case in cases}) == len(cases) >= 300
    assert len({case.lang for case in cases}) >= 13
    assert sum(one in (Expected.SHOW, Expected.UNKNOWN) for one in expected) >= 250
    assert sum(one in (Expected.WITHHOLD, Expected.SHOW_PART) for one in expected) >= 110
    assert sum(bool(turn.parts) for case in cases for turn in case.turns) >= 36


async def test_with_a_verifier_that_does_not_err(passages: Sequence[Passage]) -> None:
    over, under = await _shares(passages, Noise())

    assert over <= 0.01
    assert under <= 0.01


@pytest.mark.soak
async def test_with_one_that_misses_a_tenth_and_refuses_three_in_a_hundred(passages: Sequence[Passage]) -> None:
    found = [await _shares(passages, Noise(misses=0.1, refuses=0.03, seed=seed)) for seed in _SEEDS]

    assert fmean(over for over, _ in found) <= 0.05
    assert fmean(under for _, under in found) <= 0.07


async def test_parts_without_a_verifier(passages: Sequence[Passage]) -> None:
    """No figure, link, address or claimed deed that was not given is shown, and 22 of 27 good answers are whole."""
    known, cases = read_transcripts(CASES)
    structured = [case for case in cases if any(turn.parts for turn in case.turns)]
    replay = Replay(known, passages, AgentSettings(company_name="Tidepool"), lambda case, turn: None)
    found = as_json(await replay.run(structured))

    assert found["under"]["hits"] == 0
    assert found["over"]["hits"] <= 5


async def test_deeds_called_talk_are_left_out_without_a_verifier() -> None:
    """Every deed that an answer of the set claims, as a part of kind ``chat``, beside the same words of the customer."""
    _, cases = read_transcripts(CASES)
    claimed = [
        (case, text)
        for case in cases
        if case.cat in ("claimed-deed", "promised-hand-over")
        for text in case.turns[-1].sentences
        if is_among(text, case.turns[-1].unwanted)
    ]
    assert len(claimed) >= 30
    for case, text in claimed:
        world = World(said=case.turns[-1].user)
        assert await world.show_parts(AnswerUnit(text, UnitKind.CHAT)) == "", case.id


def test_the_command_prints_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "cases.jsonl"
    turn = '{"user": "How long is the trial?", "reply": "The trial lasts 14 days [@t].", "expect": "SHOW"}'
    good = f'{{"id": "fine", "turns": [{turn}]}}'
    bad = good.replace("fine", "wrong").replace("SHOW", "WITHHOLD")
    file.write_text('{"anchors": {"t": ["trial of the Business plan that lasts 14 days"]}}\n' + good + "\n" + bad)

    result = CliRunner().invoke(main, ["evaluate", "--conversations", str(file), "--misses", "1"])

    assert result.exit_code == 1, result.output
    assert "wrong (en), shown: The trial lasts 14 days." in result.stdout
    assert "fine" not in result.stdout

    file.write_text("{}")
    refused = CliRunner().invoke(main, ["evaluate", "--conversations", str(file)])

    assert refused.exit_code == 2
    assert "holds no conversation" in refused.output
