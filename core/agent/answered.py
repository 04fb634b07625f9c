"""The reply that an answer makes: its kind, its sources, and what is added where the part that mattered was left out."""

from __future__ import annotations

import functools
import re

from core.agent.answer_gate import AnswerGate
from core.agent.choosing import had_a_choice
from core.agent.language import packs
from core.agent.phrases import any_of
from core.agent.questions import asks
from core.agent.routing import Intent, asked
from core.agent.sentences import sentences
from core.agent.texts import Texts
from core.agent.wording import phrase
from core.domain.choices import CLARIFY
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from core.ports.store import TurnState


async def reply_of(gate: AnswerGate, turn: TurnState, texts: Texts, *, intent: str, noted: bool) -> Reply:
    """The reply for what passed the gate. ``noted``: a note of ours on the customer's files stands behind it."""
    rests = any(unit.rests_on_evidence(had_results=gate.had_results) for unit in gate.shown)
    admits = not rests and any(unit.admits for unit in gate.shown)
    asks_back = not rests and any(unit.asks for unit in gate.shown)
    nothing = intent == Intent.QUESTION and not (rests or admits or asks_back)
    if nothing and any(unit.is_loss for unit in gate.dropped):
        await gate.note(texts.say("unknown"))
        admits = True
    elif asks_back and had_a_choice(turn.history):  # asked back twice over the same: a person is offered
        await gate.note(texts.say("offer"))
        admits = True
    elif noted and not offers_person(gate.text):
        await gate.note(texts.say("offer"))
    offers = offers_person(gate.text)
    if rests:
        confidence = max((citation.score for citation in gate.citations), default=1.0)
        return Reply(gate.text, MessageKind.ANSWER, gate.citations, confidence, offers_person=offers, intent=intent)
    if admits or (offers and asks_back) or (not asks_back and _asked_something(turn) and intent == Intent.QUESTION):
        return Reply(gate.text, MessageKind.UNKNOWN, offers_person=True, intent=Intent.QUESTION)
    if intent == Intent.QUESTION and asks_back:
        return Reply(gate.text, MessageKind.ANSWER, intent=CLARIFY, offers_person=offers)
    return Reply(gate.text, MessageKind.SMALL_TALK, confidence=1.0, intent=intent, offers_person=offers)


def offers_person(text: str) -> bool:
    """Whether a text asks the customer if they want a person, so that a bare yes is understood next time."""
    asked_for = (piece for piece in sentences(text) if piece.rstrip().rstrip("*_").endswith(("?", "؟", "？")))
    return any(_person().search(phrase(question)) for question in asked_for)


@functools.cache
def _person() -> re.Pattern[str]:
    names = ("person", "person_after_talk")
    entries = [entry for pack in packs().values() for name in names for entry in pack.words("person", name)]
    return re.compile(rf"(?<!\w){any_of(entries)}(?!\w)")


def _asked_something(turn: TurnState) -> bool:
    return any(asks(piece) for message in asked(turn) for piece in sentences(message.text))
