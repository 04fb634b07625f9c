"""Replies that follow from the route alone: hand-overs, small talk and empty messages."""

from __future__ import annotations

from core.agent.routing import Intent, Route
from core.agent.texts import Texts
from core.domain.messages import MessageKind
from core.ports.responder import Reply


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
        case Intent.QUESTION:
            return None


def failure(texts: Texts, name: str = "failure") -> Reply:
    """An honest failure that offers a person. ``name``: ``failure``, or ``unavailable`` for a knowledge base out of reach."""
    return Reply(texts.say(name), MessageKind.FAILURE, offers_person=True, intent=Intent.QUESTION)
