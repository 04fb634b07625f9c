"""What is said to talk: to complaints, outages, abuse and praise, thanks and names. The knowledge tells which it is."""

from __future__ import annotations

from core.agent.texts import Texts
from core.domain.messages import MessageKind
from core.ports.responder import Reply

OUTAGE = "outage"
_ALIKE = {"chat": "identity"}
"""Kinds that are met with the text of another one."""
_UPSET = frozenset({"complaint", "abuse", OUTAGE})


def talk_reply(kind: str, texts: Texts) -> Reply:
    """Acknowledges it; who is upset is offered a person."""
    said = texts.say(_ALIKE.get(kind, kind))
    if kind == OUTAGE:
        said = f"{said} {texts.say('offer')}"
    return Reply(said, MessageKind.SMALL_TALK, confidence=1.0, offers_person=kind in _UPSET, intent=kind)
