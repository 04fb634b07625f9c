"""What a case is about in three lines, each of which points at the message that it rests on. Quoted, not made up. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.domain.choices import CLARIFY
from core.domain.conversation import OwnershipState
from core.domain.messages import Author, Citation, Message, MessageKind
from core.ports.outcomes import NewMessage
from core.ports.store import TurnState
from handoff import posts
from handoff.texts import quoted as shortened
from handoff.texts import say

ASKED, TRIED, LAST = "asked", "tried", "last"
_LONGEST = 280
_REQUEST_WORDS = 3
_SOURCES = 3
_SUGGESTION = 2_500
_NUMBERED = re.compile(r"(?<![ \t])[ \t]*+\[\d{1,2}\]")


@dataclass(frozen=True, slots=True)
class Line:
    """``about``: the message that it rests on, by its id."""

    kind: str
    text: str
    about: str | None = None


def summary(history: Sequence[Message], pending: Sequence[Message], locale: str) -> tuple[Line, ...]:
    """What the customer asked first, what the agent tried, and the customer's last words where they are others."""
    before = [message for message in history if message.deleted_at is None]
    words = [one for one in (*before, *pending) if one.author is Author.CUSTOMER and one.text.strip()]
    first = next((one for one in words if len(one.text.split()) >= _REQUEST_WORDS), words[0] if words else None)
    lines = [Line(ASKED, shortened(first.text, _LONGEST), first.id)] if first else []
    lines.append(_tried([one for one in before if one.author is Author.AGENT], locale))
    if words and words[-1] is not first:
        lines.append(Line(LAST, shortened(words[-1].text, _LONGEST), words[-1].id))
    return tuple(lines)


def suggestion(
    history: Sequence[Message], said: Sequence[NewMessage], is_open: Callable[[Sequence[Message]], bool]
) -> Mapping[str, Any] | None:
    """The agent's own answer to the last question, where it rests on sources; nothing where it did not know.

    ``is_open``: whether something else waits for an answer since, by what followed the agent's last words.
    """
    last: Message | NewMessage | None = next((one for one in reversed(said) if _is_reply(one)), None)
    if last is None:
        place = next((place for place in range(len(history) - 1, -1, -1) if _is_reply(history[place])), None)
        last = None if place is None or is_open(history[place + 1 :]) else history[place]
    if last is None or last.kind is not MessageKind.ANSWER or not last.citations:
        return None
    return quoted(last.citations, last.text)


def _is_reply(one: Message | NewMessage) -> bool:
    return one.author is Author.AGENT and one.kind is not MessageKind.SMALL_TALK


def with_summary(
    card: NewMessage,
    turn: TurnState,
    said: Sequence[NewMessage],
    lines: Sequence[Line],
    suggested: Mapping[str, Any] | None,
) -> list[NewMessage]:
    """A new case's posts: the card, what was said before and now, the card again, as links need posts to lead to, and files last,
    since a large one takes its time.
    """
    told = posts.transcript(turn.history, {one.about for one in lines if one.about})
    told += [posts.customer_post(message) for message in turn.pending]
    told += [posts.hub_post(message) for message in said]
    places = posts.places(told, first=2)
    facts = {
        **card.meta["facts"],
        "summary": [{"kind": one.kind, "text": one.text, "place": places.get(one.about or "")} for one in lines],
        "suggestion": suggested,
    }
    first = replace(card, meta={**card.meta, "facts": facts})
    return [first, *told, posts.card_now(facts, OwnershipState.QUEUED, None), *posts.files(turn.history)]


def quoted(citations: Sequence[Citation], text: str) -> Mapping[str, Any]:
    """An answer as a suggestion, with what it rests on. Its numbers of sources mean nothing in a message of staff's."""
    text = _NUMBERED.sub("", text)
    return {"text": text[:_SUGGESTION], "sources": _titles(citations)}


def _tried(answers: Sequence[Message], locale: str) -> Line:
    grounded = [one for one in answers if one.kind is MessageKind.ANSWER and one.citations]
    unknown = [one for one in answers if one.kind is MessageKind.UNKNOWN]
    asked_back = [one for one in answers if one.meta.get("intent") == CLARIFY and one not in grounded]
    tried = []
    if asked_back:
        tried.append(say("card_tried_asked_back", locale))
    if grounded:
        sources = ", ".join(_titles([each for one in grounded for each in one.citations]))
        tried.append(say("card_tried_answered", locale, sources=sources))
    if unknown:
        tried.append(say("card_tried_unknown", locale, count=str(len(unknown))))
    if not tried:
        tried.append(say("card_tried_talked" if answers else "card_tried_nothing", locale))
    about = [*grounded, *unknown] or asked_back or answers
    return Line(TRIED, ", ".join(tried), about[-1].id if about else None)


def _titles(citations: Sequence[Citation]) -> list[str]:
    return list(dict.fromkeys(shortened(citation.title, 80) for citation in citations))[:_SOURCES]
