"""What a model's answer about sentences is read as, and a model that does not answer in time."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping

import pytest

from core.agent import answer_gate
from core.agent.verifier import ModelVerifier, read_verdicts
from core.agent.whole_answer import read_object
from core.ports.chat_model import ChatRequest, Finished, TextDelta
from core.ports.verifier import Sentence, Verdict, Verification
from tests.contract.responders.world import SteppingClock
from tests.patience import PATIENCE
from tests.unit.agent.gate_world import World
from tests.unit.agent.reviewer import Reviewer

REQUEST = Verification("Hello", ["A passage"], [Sentence("One.", (0,)), Sentence("Two.", ())])


class HangingModel:
    """Never answers."""

    name = "hanging"

    def __init__(self) -> None:
        self.asked = 0

    async def stream(self, request: ChatRequest) -> AsyncIterator[TextDelta | Finished]:
        self.asked += 1
        await asyncio.Event().wait()
        yield Finished("stop")


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"a": "supported"}', {"a": Verdict.SUPPORTED}),
        ('```json\n{"a": "No claim", "b": "ARITHMETIC"}\n```', {"a": Verdict.NO_CLAIM, "b": Verdict.ARITHMETIC}),
        ('Here it is:\n```\n{"a": false}\n```\nDone.', {"a": Verdict.UNSUPPORTED}),
        (
            '{"verdicts": [{"id": "a", "verdict": "promises"}, 3, {"id": 4, "verdict": true}]}',
            {"a": Verdict.PROMISES},
        ),
        ('{"verdicts": {"a": {"verdict": "unknown"}}}', {"a": Verdict.UNKNOWN}),
        ('{"a": "maybe", "b": true}', {"b": Verdict.SUPPORTED}),
        ('[{"id": "a", "verdict": "supported"}]', {}),
        ("I cannot tell.", {}),
        ('{"a": "supp', {}),
        ("{" * 9_000 + "}", {}),
    ],
)
def test_verdicts_are_read_however_they_are_written(answer: str, found: Mapping[str, Verdict]) -> None:
    assert {name: verdict for name, verdict in read_verdicts(read_object(answer)).items() if name in "ab"} == found


async def test_sentences_go_by_names_that_no_passage_can_know() -> None:
    verifier = ModelVerifier(reviewer := Reviewer({"Two": False}), SteppingClock())
    assert await verifier.verify(REQUEST) == {0: Verdict.SUPPORTED, 1: Verdict.UNSUPPORTED}
    names = [one["id"] for one in reviewer.data()["sentences"]]
    await verifier.verify(REQUEST)
    assert not set(names) & {one["id"] for one in reviewer.data(1)["sentences"]}


@pytest.mark.parametrize("answer", ["{}", "[]", "null", '{"verdicts": [null]}', json.dumps({"x": "supported"})])
async def test_an_answer_without_verdicts_gives_none(answer: str) -> None:
    assert await ModelVerifier(Reviewer(answer=lambda _: answer), SteppingClock()).verify(REQUEST) == {}


async def test_a_model_past_its_deadline_is_given_up_and_left_alone() -> None:
    model = HangingModel()
    verifier = ModelVerifier(model, SteppingClock(), seconds=0.01)
    assert await verifier.verify(REQUEST) == {}
    assert await verifier.verify(REQUEST) == {}
    assert model.asked == 1


async def test_an_answer_is_checked_literally_when_the_verifier_hangs() -> None:
    world = World(ModelVerifier(HangingModel(), SteppingClock(), seconds=0.01))
    said = "A trial of the Business plan lasts 14 days [1]. Everything else is a matter of taste [1]."
    assert await world.show(said) == "A trial of the Business plan lasts 14 days [1]."
    assert world.gate.unchecked


async def test_a_hanging_verifier_never_takes_the_last_of_the_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_gate, "_LEFT_FOR_THE_TURN", 2 * PATIENCE)
    world = World(ModelVerifier(HangingModel(), SteppingClock(), seconds=2 * PATIENCE), seconds=2 * PATIENCE + 0.05)
    async with asyncio.timeout(PATIENCE):
        assert await world.show("Guests are always welcome [1].") == ""
    assert world.gate.unchecked
