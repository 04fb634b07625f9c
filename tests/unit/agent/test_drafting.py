"""Drafts of FAQ entries by a model: checked, and none rather than a wrong one."""

from __future__ import annotations

import json

import pytest

from core.agent.drafting import ModelDrafter
from core.domain.errors import ModelError
from core.ports.learning import Draft
from tests.contract.responders.world import ScriptedModel, say
from tests.unit.web.clock import HandClock

QUESTION, ANSWER = "And if I opened it?", "Your order […] can go back within 30 days, opened or not."


def entry(question: str, answer: str) -> str:
    return json.dumps({"question": question, "answer": answer})


async def test_it_is_in_words_for_everybody() -> None:
    model = ScriptedModel(say(f"```json\n{entry('Can I return it opened?', 'Within 30 days, opened or not.')}\n```"))
    drafter = ModelDrafter(model, HandClock(), "Tidepool")
    assert await drafter.draft(QUESTION, ANSWER) == Draft("Can I return it opened?", "Within 30 days, opened or not.")
    assert ANSWER in model.requests[0].messages[-1].content


@pytest.mark.parametrize(
    "script",
    [
        say(entry("Can I return it?", "Within 60 days.")),
        say(entry("Can I return it?", "See https://evil.example")),
        say(entry("Can I return it?", "Order […] can go back.")),
        say(entry("", "")),
        say("Here is your entry!"),
        say('["question"]'),
        [ModelError("down")],
        [None],
    ],
)
async def test_one_that_adds_something_or_is_none_is_not_used(script: list[object]) -> None:
    assert (
        await ModelDrafter(ScriptedModel(script), HandClock(), "Tidepool", seconds=0.2).draft(QUESTION, ANSWER) is None
    )


async def test_a_model_that_failed_is_left_alone_for_a_while() -> None:
    """Reminders wait for the same timers: they must not wait for a model that is down with each resolved case."""
    model, clock = (
        ScriptedModel([ModelError("down")], say(entry("Can I return it opened?", "Within 30 days."))),
        HandClock(),
    )
    drafter = ModelDrafter(model, clock, "Tidepool")
    assert await drafter.draft(QUESTION, ANSWER) is None
    assert await drafter.draft(QUESTION, ANSWER) is None
    assert len(model.requests) == 1
    clock.seconds += 61
    assert await drafter.draft(QUESTION, ANSWER) == Draft("Can I return it opened?", "Within 30 days.")
