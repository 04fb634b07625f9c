"""A summary over a model: each line rests on somebody's message, or is not there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.agent.summarizing import ModelSummarizer
from core.domain.errors import ModelError
from core.domain.messages import Author, Message
from core.ports.desk import Point
from tests.contract.responders.world import ScriptedModel, SteppingClock, say

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)


def said(place: int, author: Author, text: str) -> Message:
    return Message(f"m{place}", "c", place, author, text, AT)


TALK = (
    said(1, Author.CUSTOMER, "My order 4711 has not come."),
    said(2, Author.AGENT, "I do not know."),
    said(3, Author.CUSTOMER, "A person, now"),
)
GOOD = "asked [1]: Where order 4711 is\ntried [2]: Did not know\nlast [3]: Wants a person"


def over(*scripts: object, clock: SteppingClock | None = None) -> tuple[ModelSummarizer, ScriptedModel]:
    model = ScriptedModel(*scripts)  # type: ignore[arg-type]
    return ModelSummarizer(model, clock or SteppingClock(), "Tidepool", seconds=0.2), model


async def test_each_line_has_its_message() -> None:
    summarizer, model = over(say(GOOD))
    assert await summarizer.summarize(TALK, "de") == {
        "asked": Point("Where order 4711 is", "m1"),
        "tried": Point("Did not know", "m2"),
        "last": Point("Wants a person", "m3"),
    }
    (request,) = model.requests
    assert '"de"' in request.messages[0].content
    assert request.messages[1].content.splitlines()[0] == "[1] customer: My order 4711 has not come."


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("asked [1]: Where order 4712 is\nlast [3]: Wants a person", {"last"}),
        ("asked [2]: Not theirs\nasked [9]: Nobody's\nasked [1]: Where it is", {"asked"}),
        ("tried [1]: What the customer said", set()),
        ("**asked** [1]: Where it is\n- last [3]: A person", {"asked", "last"}),
        ("Sure! The customer wants a refund.", set()),
    ],
)
async def test_a_line_that_rests_on_nothing_is_left_out(answer: str, kept: set[str]) -> None:
    summarizer, _ = over(say(answer))
    assert set(await summarizer.summarize(TALK, "en")) == kept


async def test_a_model_that_fails_or_stalls_is_left_alone_for_a_while() -> None:
    for script in ([ModelError("down")], [None]):
        clock = SteppingClock()
        summarizer, model = over(script, say(GOOD), clock=clock)
        assert await summarizer.summarize(TALK, "en") == {}
        assert await summarizer.summarize(TALK, "en") == {}
        assert len(model.requests) == 1
        clock.time += 61
        assert len(await summarizer.summarize(TALK, "en")) == 3


async def test_nothing_said_costs_nothing() -> None:
    summarizer, model = over()
    assert await summarizer.summarize((), "en") == {}
    assert model.requests == []
