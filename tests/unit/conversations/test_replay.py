"""Transcripts go through the agent, and what becomes of their sentences is told."""

from __future__ import annotations

from typing import Any

import pytest

from config.conversations.recorded_model import Noise, RecordedVerifier
from config.conversations.replay import Outcome, Replay
from config.conversations.transcript import Known, Transcript
from core.agent.settings import AgentSettings
from core.domain.errors import ConfigError

_KNOWN = Known(
    sources={
        "trial": "The trial of the Business plan lasts 14 days and needs no credit card.",
        "guests": "Guests are free of charge: up to 5 on Team, 25 on Business.",
    }
)


async def _outcome(noise: Noise | None = None, /, *before: dict[str, Any], **turn: Any) -> Outcome:
    case = Transcript.model_validate({"id": "case", "turns": [*before, {"expect": "SHOW", **turn}], "line": 7})
    replay = Replay(_KNOWN, (), AgentSettings(), lambda one, turn: RecordedVerifier(one.id, turn, noise or Noise()))
    (found,) = await replay.run([case])
    return found


async def test_an_answer_that_is_borne_out_loses_nothing() -> None:
    found = await _outcome(user="How long is the trial?", reply="The trial lasts 14 days [@trial].")

    assert (found.lost, found.leaked, found.unrun) == ([], [], "")


async def test_what_the_verifier_refuses_wrongly_is_lost_and_the_reason_is_told() -> None:
    found = await _outcome(
        Noise(refuses=1.0),
        user="Do guests cost anything?",
        reply="Inviting a guest will not cost you a cent [@guests].",
    )

    assert [sentence for sentence, _ in found.lost] == ["Inviting a guest will not cost you a cent."]
    assert found.lost[0][1].startswith("the verifier was asked")
    assert found.calls == 1
    assert found.tokens > 100


async def test_what_the_verifier_misses_is_shown_and_the_reason_is_told() -> None:
    bad = "A new workspace comes with a trial that can be prolonged on request [@trial]."
    missed = await _outcome(Noise(misses=1.0), user="Can the trial be prolonged?", reply=bad, expect="WITHHOLD")
    found = await _outcome(user="Can the trial be prolonged?", reply=bad, expect="WITHHOLD")

    assert [why for _, why in missed.leaked] == ["the verifier let it pass"]
    assert found.leaked == []


async def test_noise_is_the_same_for_a_seed() -> None:
    async def lost(seed: int) -> bool:
        noise = Noise(refuses=0.5, seed=seed)
        return bool(
            (await _outcome(noise, user="Guests?", reply="You will not pay a cent for a guest [@guests].")).lost
        )

    assert [await lost(seed) for seed in range(12)] == [await lost(seed) for seed in range(12)]
    assert {await lost(seed) for seed in range(12)} == {True, False}


async def test_a_search_finds_what_was_not_given() -> None:
    found = await _outcome(
        user="And what of visitors?", reply="Guests are free of charge [@guests].", search="guests price"
    )

    assert found.lost == []


async def test_results_of_tools_stand_in_the_file() -> None:
    call = {"name": "get_invoice", "args": {"number": "INV-1"}, "result": {"number": "INV-1", "amount": "$20.00"}}
    found = await _outcome(user="How much was INV-1?", reply="Invoice INV-1 was over $20.00.", calls=[[call]])
    without = await _outcome(user="How much was INV-1?", reply="It was over $20.00.", calls=[[{"name": "get_invoice"}]])

    assert (found.lost, found.unrun) == ([], "")
    assert without.unrun == "the file holds no result of get_invoice"


async def test_a_source_that_is_nowhere_is_named_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"line 7 \(case\): no source holds the anchor nowhere"):
        await _outcome(user="What?", reply="This [@nowhere].")
