"""The fixed replies: to hand-overs, small talk, complaints and outages, empty messages, and files that the agent cannot use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from core.agent.asking_back import ask_again
from core.agent.excerpt import one_line
from core.agent.questions import questions_besides
from core.agent.routing import Intent, Route, asked
from core.agent.texts import Texts
from core.agent.wording import content_stems
from core.domain.attachments import Attachment
from core.domain.choices import CHOICES
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from core.ports.store import TurnState

_UNREAD: Final[Mapping[str, Callable[[Attachment], bool]]] = {
    "audio_unheard": lambda file: file.is_recording and file.media_type.startswith("audio/") and not file.text,
    "video_unseen": lambda file: file.is_recording and file.media_type.startswith("video/"),
    "file_missing": lambda file: file.is_missing,
}
"""The text for each kind of such files."""
OUTAGE = "outage"
_ALIKE = {"chat": "identity", "abuse": "complaint"}
"""Kinds that are met with the text of another one."""
_UPSET = frozenset({"complaint", "abuse", OUTAGE})
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
    """The turn with only what else was asked, when the customer asks for a person, or to be reached; None when that was all.

    A keyword of the company's hands everything over as it is.
    """
    if way.escalation is None or way.escalation.requested_by != "customer":
        return None
    questions = questions_besides(asked(turn))
    return replace(turn, pending=questions) if questions else None


def worth_saying(reply: Reply, question: str, texts: Texts, way: Route) -> Reply | None:
    """A reply as it is said before a notice of transfer: without an offer of a person, no failure and no question back.

    Beside contact details only an answer is: what else is asked there ("can you call after five?") is for whoever calls.
    """
    if reply.escalation is not None or reply.kind not in (MessageKind.ANSWER, MessageKind.UNKNOWN):
        return None
    asks_back, answers = CHOICES in reply.meta, reply.kind is MessageKind.ANSWER
    if way.intent is Intent.CONTACT and (asks_back or not answers):
        return None
    if (asks_back or not answers) and len(content_stems(question)) < _TELLING:
        return None
    text = texts.say("unknown_part", question=echo(question))
    if asks_back:
        return Reply(text, MessageKind.UNKNOWN, intent=Intent.QUESTION)
    if answers or reply.text != texts.say("unknown"):
        text = reply.text.removesuffix(texts.say("offer")).rstrip()
    return replace(reply, text=text, offers_person=False)


def echo(question: str) -> str:
    """A question of the customer's, short and on one line, as it is repeated to them."""
    return one_line(question, _ECHO_CHARS)


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
    """An honest failure that offers a person.

    ``name``: ``failure``, ``unavailable`` for a knowledge base out of reach, or ``maybe_done`` where an effect was begun.
    """
    return Reply(texts.say(name), MessageKind.FAILURE, offers_person=True, intent=Intent.QUESTION)


def talk_reply(kind: str, texts: Texts) -> Reply:
    """Acknowledges it; who is upset is offered a person."""
    said = texts.say(_ALIKE.get(kind, kind))
    if kind == OUTAGE:
        said = f"{said} {texts.say('offer')}"
    return Reply(said, MessageKind.SMALL_TALK, confidence=1.0, offers_person=kind in _UPSET, intent=kind)


def unread_note(files: Sequence[Attachment], texts: Texts) -> str:
    """Names the files that the agent cannot use: recordings, and those that did not arrive. Empty where there are none."""
    named = {text: ", ".join(file.name for file in files if fits(file)) for text, fits in _UNREAD.items()}
    return " ".join(texts.say(text, name=names) for text, names in named.items() if names)


def mention_unread(reply: Reply, files: Sequence[Attachment], texts: Texts) -> Reply:
    """The reply with that note behind it, and an offer of a person. A transfer to a person needs none."""
    note = unread_note(files, texts)
    if not note or reply.escalation is not None or note in reply.text:
        return reply
    if not reply.offers_person:
        note = f"{note} {texts.say('offer')}"
    return replace(reply, text=f"{reply.text}\n\n{note}", offers_person=True)
