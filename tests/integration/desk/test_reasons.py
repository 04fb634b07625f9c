"""Why a case was opened, as its card says it: in the staff's language where the hub found the reason itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.agent.routing import route
from core.domain.conversation import Escalation
from core.domain.messages import CustomerAction, MessageKind
from core.ports.responder import TOOLS_FAILED_META, Reply
from core.ports.store import Acceptable, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.mood import Mood
from handoff.policy import EscalationRules, reason_in, reason_to_escalate
from handoff.slack_desk import SlackDesk
from handoff.texts import languages
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, OfficeHours
from tests.integration.desk.test_timers import SETTINGS
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, sorry

CALM, ANGRY = Mood(0.0, 0.0), Mood(-0.9, 0.9)
UNKNOWN = Reply("I do not know.", MessageKind.UNKNOWN)
Finds = Callable[[TurnState], Escalation | None]


def ruled(reply: Reply | None = None, moods: tuple[Mood, ...] = (CALM,), *, vip: bool = False) -> Finds:
    """By the rules, of a turn with that reply and those moods."""
    rules = EscalationRules(vip=("*",) if vip else (), unanswered=1)

    def finds(turn: TurnState) -> Escalation | None:
        verified = replace(turn, customer=replace(turn.customer, verified=True))
        return reason_to_escalate(verified, reply, rules, moods)

    return finds


FOUND: dict[str, tuple[str, Finds, str]] = {
    "words": ("I want to talk to a person", lambda turn: route(turn).escalation, "nach einem Menschen gefragt"),
    "keyword": ("I call my lawyer", lambda turn: route(turn, ["lawyer"]).escalation, "Stichwort „lawyer“"),
    "contact": ("ada@example.com", lambda turn: route(turn).escalation, "Kontaktdaten hinterlassen"),
    "vip": ("Hello", ruled(vip=True), "auf der Liste"),
    "frustration": ("Hello", ruled(moods=(ANGRY,)), "sehr verärgert (0.9 von 1)"),
    "often": ("Hello", ruled(moods=(Mood(0.0, 0.6),) * 3), "3 Nachrichten des Kunden"),
    "decline": ("Hello", ruled(moods=(CALM, Mood(-0.4, 0.1), Mood(-0.8, 0.1))), "von Nachricht zu Nachricht"),
    "no answer": ("Hello", ruled(UNKNOWN), "keine sichere Antwort (1× hintereinander)"),
    "model": ("Hello", ruled(Reply("Sorry.", MessageKind.FAILURE)), "das Modell oder die Wissensbasis"),
    "tool": (
        "Hello",
        ruled(replace(UNKNOWN, meta={TOOLS_FAILED_META: ["refund"]})),
        "Werkzeug ist endgültig gescheitert: refund",
    ),
    "the model's own words": (
        "Hello",
        lambda turn: Escalation("Wants an invoice changed."),
        "Wants an invoice changed.",
    ),
}


class German(OfficeHours):
    """A desk whose staff read German."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        super().__init__(store, clock, replace(SETTINGS, staff_locale="de"))

    def finds(self, found: Finds) -> None:
        """Why a person is needed."""
        desk = SlackDesk(self.parts(self.store), self.settings)
        self.turn = Turn(Echo(), desk, {}, CountedMetrics(), sorry, rules=lambda turn, reply: found(turn))

    async def why(self) -> str:
        """What stands on the card, and is kept with the case."""
        (card,) = await self.posts("card")
        case = await self.store.case(CASE)
        assert case is not None
        assert case.reason == card.meta["facts"]["reason"], "the customer's history says the same"
        return case.reason


@pytest.fixture
def office(store: SqlStore, clock: ManualClock) -> German:
    return German(store, clock)


async def test_a_pressed_button(office: German) -> None:
    await office.escalates()
    assert await office.why() == "Der Kunde hat nach einem Menschen gefragt."


@pytest.mark.parametrize("name", FOUND)
async def test_what_was_found(office: German, name: str) -> None:
    text, finds, said = FOUND[name]
    office.finds(finds)
    await office.customer(text)
    assert said in await office.why()


async def test_all_that_hold_are_named(office: German) -> None:
    office.finds(ruled(UNKNOWN, (ANGRY,)))
    await office.customer("Hello")
    why = await office.why()
    assert "sehr verärgert" in why
    assert "keine sichere Antwort" in why


@pytest.mark.parametrize("language", sorted(languages()))
@pytest.mark.parametrize("name", FOUND)
async def test_every_language_has_its_own_words(office: German, name: str, language: str) -> None:
    """And English says on the card what the log says."""
    text, finds, _ = FOUND[name]
    await office.store.accept([_accepted(office, text)])
    (turn,) = await office.store.claim(1, 5.0, history=60)
    found = finds(turn)
    assert found is not None
    same = language == "en" or not found.causes
    assert (reason_in(found, language) == found.reason) is same


async def test_a_button_has_words_too(office: German) -> None:
    await office.store.accept([_accepted(office, "", CustomerAction.REQUEST_PERSON)])
    (turn,) = await office.store.claim(1, 5.0, history=60)
    found = route(turn).escalation
    assert found is not None
    assert reason_in(found, "en") == found.reason
    assert "gedrückt" in reason_in(found, "de")


def _accepted(office: German, text: str, action: CustomerAction | None = None) -> Acceptable:
    return Acceptable(office.from_customer(text, action))
