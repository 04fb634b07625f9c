"""What a colleague asks: always a question, answered from what staff may read, and nobody is brought in for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.agent.loop import AgentLoop
from core.agent.settings import AgentSettings
from core.domain.knowledge import KnowledgeAudience, Retrieval
from core.domain.messages import MessageKind
from core.llm.extractive import ExtractiveResponder
from core.ports.responder import Responder
from tests.contract.responders.test_agent_loop import ReadingModel
from tests.contract.responders.world import (
    PASSWORD,
    Docs,
    MemoryJournal,
    ScriptedModel,
    SteppingClock,
    Watcher,
    say,
    turn_of,
)

INSIDE = replace(
    PASSWORD,
    id="p-inside",
    title="Goodwill",
    content="Goodwill refunds up to 50 euros need no approval.",
    question=None,
    answer=None,
    audience=KnowledgeAudience.STAFF,
)
SETTINGS = AgentSettings(
    company_name="Tidepool", escalation_keywords=("legal action",), audience=KnowledgeAudience.STAFF
)


class Cupboard(Docs):
    """Has one passage that is for staff alone."""

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        found = await super().retrieve(query, limit=limit, category=category, language=language, audience=audience)
        allowed = tuple(
            one for one in found.passages if audience is KnowledgeAudience.STAFF or one.audience is audience
        )
        return Retrieval(allowed, found.threshold)


def over_a_model(settings: AgentSettings) -> Responder:
    return AgentLoop(ReadingModel(), Cupboard({"goodwill": INSIDE}), MemoryJournal(), settings, SteppingClock())


def without_one(settings: AgentSettings) -> Responder:
    return ExtractiveResponder(Cupboard({"goodwill": INSIDE}), settings, SteppingClock())


@pytest.mark.parametrize("make", [over_a_model, without_one])
async def test_staff_are_answered_from_what_customers_may_not_read(make: Callable[[AgentSettings], Responder]) -> None:
    question = turn_of("How much goodwill may we give without approval?")
    inside = await make(SETTINGS).respond(question, "t", Watcher())
    assert inside.kind is MessageKind.ANSWER
    assert "50 euros" in inside.text
    assert [one.id for one in inside.citations] == ["p-inside"]
    outside = await make(replace(SETTINGS, audience=KnowledgeAudience.PUBLIC)).respond(question, "t", Watcher())
    assert "50 euros" not in outside.text


@pytest.mark.parametrize("make", [over_a_model, without_one])
@pytest.mark.parametrize("text", ["I want to talk to a person", "He threatens legal action over goodwill", "Hello"])
async def test_nothing_that_they_say_is_a_wish_for_a_person(
    make: Callable[[AgentSettings], Responder], text: str
) -> None:
    reply = await make(SETTINGS).respond(turn_of(text), "t", Watcher())
    assert reply.escalation is None
    assert reply.kind is not MessageKind.SMALL_TALK


async def test_the_model_is_told_for_whom_it_writes_and_has_no_tool_that_changes_anything() -> None:
    model = ScriptedModel(say("Goodwill refunds up to 50 euros need no approval [1]."))
    agent = AgentLoop(model, Cupboard({"goodwill": INSIDE}), MemoryJournal(), SETTINGS, SteppingClock())
    await agent.respond(turn_of("What about goodwill?"), "t", Watcher())
    (request,) = model.requests
    assert "the customer never sees it" in request.messages[0].content
    assert [tool.name for tool in request.tools] == ["search_knowledge"]
