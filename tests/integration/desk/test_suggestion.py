"""The reply that the card suggests is to what the customer waits for now, and never to something that they asked before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.agent.questions import questions_besides
from core.agent.routing import route
from core.domain.conversation import Escalation
from core.domain.messages import Citation, CustomerAction, MessageKind
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.briefing import Briefing
from handoff.desk_parts import DeskParts
from handoff.slack_desk import SlackDesk
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

RETURNS = Citation("1", "Returns", "14 days", "returns.md", 0.9)
COSTS = Citation("2", "Postage", "4 euros", "postage.md", 0.9)
KNOWN = {"return": ("Within 14 days. [1]", RETURNS), "postage": ("It costs 4 euros. [1]", COSTS)}
THE_RETURN = {"text": "Within 14 days.", "sources": ["Returns"]}
THE_POSTAGE = {"text": "It costs 4 euros.", "sources": ["Postage"]}


class Knows:
    """Implements Responder: it answers what it knows, and hands over who wants that."""

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        text = " ".join(one.text for one in turn.pending).lower()
        found = next(
            (Reply(said, MessageKind.ANSWER, (of,)) for word, (said, of) in KNOWN.items() if word in text), None
        )
        wish = route(turn).escalation
        if wish is not None:
            return Reply("", MessageKind.NOTICE, escalation=wish, besides=found)
        if "human error" in text:
            return Reply("", MessageKind.NOTICE, escalation=Escalation("Needs a look."))
        return found or Reply("I do not know.", MessageKind.UNKNOWN)


class Cards(OfficeHours):
    """A desk whose cards suggest replies; a complaint calls a person."""

    def __init__(self, store: SqlStore, clock: ManualClock, *, drafts: bool = False) -> None:
        self.briefing = Briefing(drafter=Knows() if drafts else None, besides=questions_besides)
        super().__init__(store, clock, SETTINGS)
        desk = SlackDesk(self.parts(store), self.settings)
        self.turn = Turn(Knows(), desk, {}, CountedMetrics(), sorry, rules=_complains)

    def parts(self, store: SqlStore) -> DeskParts:
        """With a briefing."""
        return replace(super().parts(store), briefing=self.briefing)

    async def suggests(self) -> Mapping[str, Any] | None:
        """What stands on the card."""
        (card,) = await self.posts("card")
        found: Mapping[str, Any] | None = card.meta["facts"]["suggestion"]
        return found


def _complains(turn: TurnState, reply: Reply | None) -> Escalation | None:
    angry = any("scandal" in one.text for one in turn.pending)
    return Escalation("A complaint.", requested_by="rule") if angry and reply is None else None


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> Cards:
    return Cards(store, clock)


@pytest.mark.parametrize(
    ("text", "suggested"),
    [
        ("A person, please", THE_RETURN),
        ("ada@example.com", THE_RETURN),
        ("It is a scandal: where is my order 17?", None),
        ("My invoice is a scandal", None),
        ("Why is there a human error in my bill?", None),
        ("Why was my card charged twice? I want to talk to a person", None),
        ("What is the postage? I want to talk to a person", THE_POSTAGE),
    ],
)
async def test_an_answer_to_an_earlier_question_is_not_suggested(
    office: Cards, text: str, suggested: Mapping[str, Any] | None
) -> None:
    await office.customer("How long can I return it?")
    await office.customer(text)
    assert await office.suggests() == suggested


async def test_the_button_brings_the_answer_to_the_last_question(office: Cards) -> None:
    await office.customer("How long can I return it?")
    await office.customer("What is the postage?")
    await office.customer("", CustomerAction.REQUEST_PERSON)
    assert await office.suggests() == THE_POSTAGE


async def test_what_was_not_known_has_no_suggestion(office: Cards) -> None:
    await office.customer("How long can I return it?")
    await office.customer("Where is my order?")
    await office.customer("A person, please")
    assert await office.suggests() is None


async def test_what_the_agent_was_not_asked_is_looked_up(store: SqlStore, clock: ManualClock) -> None:
    office = Cards(store, clock, drafts=True)
    await office.customer("How long can I return it?")
    await office.customer("The postage is a scandal")
    assert await office.suggests() == THE_POSTAGE
