"""What a new case's card says beyond quoting: by a model where it can be believed, and an answer nobody asked for yet."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from core.domain.messages import Author, Citation, Message, MessageKind
from core.ports.desk import Point
from core.ports.outcomes import NewMessage
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from handoff.briefing import Briefing
from handoff.mail.letters import opening
from handoff.slack.card import card
from handoff.summary import summary
from tests.property.desk_world import HOME
from tests.unit.handoff.test_desk_cases import Case, DeskWorld, template

__all__ = ["template"]

PASSAGE = Citation("1", "Returns", "14 days", "returns.md", 0.9)


class OnePoint:
    """Implements Summarizer: only the first line can be believed."""

    async def summarize(self, said: Sequence[Message], language: str) -> Mapping[str, Point]:
        """See Summarizer."""
        return {"asked": Point(f"Wants a person ({language})", said[0].id)}


class Drafter:
    """Implements Responder."""

    def __init__(self, reply: Reply | Exception | None) -> None:
        self._reply = reply

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        if self._reply is None:
            await asyncio.sleep(60)
        if isinstance(self._reply, Exception):
            raise self._reply
        assert self._reply is not None
        return self._reply


def facts(template: Any, briefing: Briefing) -> Mapping[str, Any]:
    """What stands on the card of a case."""
    world = DeskWorld(template)
    try:
        desk = world.turn._desk
        object.__setattr__(desk._parts, "briefing", briefing)
        Case(world)
        told: list[NewMessage] = list(world.told_staff(f"{HOME.conversation_id}.1"))
        first = next(one for one in told if one.meta.get("post") == "card")
        found: Mapping[str, Any] = first.meta["facts"]
        return found
    finally:
        world.close()


def test_a_line_that_can_be_believed_takes_the_place_of_the_quoted_one(template: Any) -> None:
    lines = facts(template, Briefing(OnePoint()))["summary"]
    assert [(one["kind"], one["text"]) for one in lines] == [
        ("asked", "Wants a person (en)"),
        ("tried", "has not answered"),
    ]
    assert lines[0]["place"] == 2


def said(text: str, author: Author = Author.AGENT, **more: Any) -> Message:
    return Message(text, "c", 1, author, text, datetime(2026, 11, 21, tzinfo=UTC), **more)


@pytest.mark.parametrize(
    ("answers", "told", "about"),
    [
        ([("Which?", MessageKind.ANSWER, "clarify", ())], "asked back what is meant", "Which?"),
        ([("Hi", MessageKind.SMALL_TALK, "greeting", ())], "answered without a source", "Hi"),
        (
            [("Which?", MessageKind.ANSWER, "clarify", ()), ("14 days.", MessageKind.ANSWER, "question", (PASSAGE,))],
            "asked back what is meant, answered from Returns",
            "14 days.",
        ),
        (
            [("Which?", MessageKind.ANSWER, "clarify", ()), ("No idea.", MessageKind.UNKNOWN, "question", ())],
            "asked back what is meant, did not know (1×)",
            "No idea.",
        ),
    ],
)
def test_what_the_agent_tried(answers: list[tuple[str, MessageKind, str, Any]], told: str, about: str) -> None:
    history = [said("Money?", Author.CUSTOMER)]
    history += [
        said(text, kind=kind, citations=cited, meta={"intent": intent}) for text, kind, intent, cited in answers
    ]
    (tried,) = [one for one in summary(history, (), "en") if one.kind == "tried"]
    assert (tried.text, tried.about) == (told, about)


@pytest.mark.parametrize(
    ("reply", "suggested"),
    [
        (Reply("14 days. [1]", MessageKind.ANSWER, (PASSAGE,)), {"text": "14 days.", "sources": ["Returns"]}),
        (Reply("14 days.", MessageKind.ANSWER), None),
        (Reply("I do not know.", MessageKind.UNKNOWN), None),
        (
            Reply("", MessageKind.NOTICE, besides=Reply("14 days.", MessageKind.ANSWER, (PASSAGE,))),
            {"text": "14 days.", "sources": ["Returns"]},
        ),
        (ValueError("broken"), None),
        (None, None),
    ],
)
def test_only_what_rests_on_a_source_is_suggested(
    template: Any, reply: Reply | Exception | None, suggested: Mapping[str, Any] | None
) -> None:
    assert facts(template, Briefing(drafter=Drafter(reply), seconds=0.05))["suggestion"] == suggested


async def known(turn: TurnState) -> Mapping[str, object]:
    """A company's own records."""
    return {
        "Company": "Analytical\nEngines",
        "Open requests": ["TKT-1", "TKT-2"],
        "Seats": 12,
        "Phone": None,
        "Plan": "",
    }


def mailed(facts: Mapping[str, Any]) -> Message:
    """The card as it is mailed."""
    return Message("m1", "c1", 1, Author.SYSTEM, "", datetime(2026, 11, 23, tzinfo=UTC), meta={"facts": facts})


def test_what_the_company_knows_of_the_customer_stands_on_the_card(template: Any) -> None:
    found = facts(template, Briefing(context=known))
    assert found["context"] == {"Company": "Analytical Engines", "Open requests": "TKT-1, TKT-2", "Seats": "12"}
    blocks = card({**found, "case": "c.1"})
    assert "Analytical Engines" in str(blocks)
    assert "Open requests: TKT-1, TKT-2" in opening("c.1", [mailed(found)], "en", "//").text


async def flood(turn: TurnState) -> Mapping[str, object]:
    """More than a card holds."""
    return {f"{number:03} {'n' * 100}": "v" * 5_000 for number in range(500)}


def test_a_card_is_read_at_a_glance_whatever_the_company_knows(template: Any) -> None:
    context = facts(template, Briefing(context=flood))["context"]
    assert len(context) == 8
    assert max(map(len, context)) == 40
    assert max(map(len, context.values())) == 120


async def broken(turn: TurnState) -> Mapping[str, object]:
    """A service that is down."""
    raise RuntimeError("down")


async def silent(turn: TurnState) -> Mapping[str, object]:
    """A service that does not answer."""
    await asyncio.sleep(60)
    return {}


@pytest.mark.parametrize("context", [broken, silent])
def test_a_case_without_context_is_better_than_none(template: Any, context: Any) -> None:
    found = facts(template, Briefing(context=context, seconds=0.05))
    assert "context" not in found
    assert found["summary"]
