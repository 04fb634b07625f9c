"""Replies that follow from the route alone: hand-overs, small talk and empty messages."""

from __future__ import annotations

from dataclasses import replace

from core.agent.asking import questions_besides
from core.agent.asking_back import ask_again
from core.agent.excerpt import clip
from core.agent.routing import Intent, Route, asked
from core.agent.sentences import without_markers
from core.agent.texts import Texts
from core.agent.unread_files import unread_note
from core.agent.wording import content_stems
from core.domain.choices import CHOICES
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from core.ports.store import TurnState

_ECHO_CHARS = 120
_TELLING = 2  # words with a meaning: "are you kidding me?" need not be looked for aloud


def escalation_reply(way: Route) -> Reply:
    """The core sends the transition's own notice, so this reply says nothing itself. Contact details go into ``meta``."""
    contact = {key: value for key, value in (("email", way.contact.email), ("phone", way.contact.phone)) if value}
    return Reply(
        "",
        MessageKind.NOTICE,
        confidence=1.0,
        escalation=way.escalation,
        intent=way.intent,
        meta={"contact": contact} if contact else {},
    )


def asked_besides(turn: TurnState, way: Route) -> TurnState | None:
    """The turn with only what else was asked, when the customer asks for a person; None when that was all.

    A keyword of the company's hands everything over as it is.
    """
    if way.intent is not Intent.PERSON or way.escalation is None or way.escalation.requested_by != "customer":
        return None
    questions = questions_besides(asked(turn))
    return replace(turn, pending=questions) if questions else None


def worth_saying(reply: Reply, question: str, texts: Texts) -> Reply | None:
    """A reply as it is said before a notice of transfer: without an offer of a person, no failure and no question back."""
    if reply.escalation is not None or reply.kind not in (MessageKind.ANSWER, MessageKind.UNKNOWN):
        return None
    asks_back = CHOICES in reply.meta
    if reply.kind is MessageKind.ANSWER and not asks_back:
        return replace(reply, text=reply.text.removesuffix(texts.say("offer")).rstrip(), offers_person=False)
    if len(content_stems(question)) < _TELLING:
        return None
    text = texts.say("unknown_part", question=echo(question))
    if asks_back:
        return Reply(text, MessageKind.UNKNOWN, intent=Intent.QUESTION)
    if reply.text != texts.say("unknown"):
        return replace(reply, text=reply.text.removesuffix(texts.say("offer")).rstrip(), offers_person=False)
    return replace(reply, text=text, offers_person=False)


def echo(question: str) -> str:
    """A question of the customer's, short and on one line, as it is repeated to them."""
    return clip(without_markers(" ".join(question.split())), _ECHO_CHARS)


def fixed_reply(way: Route, texts: Texts) -> Reply | None:
    """The reply that needs neither knowledge nor a model; None for a real question."""
    match way.intent:
        case Intent.PERSON | Intent.CONTACT:
            return escalation_reply(way)
        case Intent.SMALL_TALK:
            text = texts.say(way.talk or "greeting")
            return Reply(text, MessageKind.SMALL_TALK, confidence=1.0, intent=way.talk)
        case Intent.DECLINED:
            return Reply(texts.say("declined"), MessageKind.SMALL_TALK, confidence=1.0, intent=way.intent)
        case Intent.NOTHING:
            return Reply(texts.say("nothing_asked"), MessageKind.SMALL_TALK, confidence=1.0, intent=way.intent)
        case Intent.CHOOSE_AGAIN:
            return ask_again(way.choices, texts)
        case Intent.NONE_OF_THESE:
            return Reply(texts.say("unknown"), MessageKind.UNKNOWN, offers_person=True, intent=Intent.QUESTION)
        case Intent.FILE:
            text = f"{unread_note(way.files, texts)} {texts.say('offer')}"
            return Reply(text, MessageKind.UNKNOWN, offers_person=True, intent=way.intent)
        case Intent.QUESTION:
            return None


def failure(texts: Texts, name: str = "failure") -> Reply:
    """An honest failure that offers a person. ``name``: ``failure``, or ``unavailable`` for a knowledge base out of reach."""
    return Reply(texts.say(name), MessageKind.FAILURE, offers_person=True, intent=Intent.QUESTION)
