"""What whoever takes a new case is told at a glance: what it is about, and what could be answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from core.domain.analysed_text import keep_newest
from core.domain.messages import Author, Message, MessageKind
from core.ports.desk import Summarizer
from core.ports.responder import Reply, Responder
from core.ports.store import NewMessage, TurnState
from handoff.summary import Line, quoted, suggestion, summary, with_summary
from handoff.thread.silent_events import SilentTurnEvents

_log = structlog.get_logger(__name__)

_MOST_CONTEXT, _LONGEST_NAME, _LONGEST_VALUE = 8, 40, 120
"""Lines and characters of what the company knows of a customer: a card is read at a glance."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """``summarizer`` puts into words what is otherwise quoted. ``drafter`` answers what the agent was not asked any more.
    ``besides``: what is asked in messages besides the wish for a person. ``context``: what the company knows of the customer.

    The customer waits for all at once: for the summarizer as long as that allows itself, for the others at most ``seconds``.
    Without them the case is what it is.
    """

    summarizer: Summarizer | None = None
    drafter: Responder | None = None
    seconds: float = 3.0
    besides: Callable[[tuple[Message, ...]], tuple[Message, ...]] | None = None
    context: Callable[[TurnState], Awaitable[Mapping[str, object]]] | None = None

    async def posts(
        self, card: NewMessage, turn: TurnState, said: Sequence[NewMessage], locale: str
    ) -> list[NewMessage]:
        """A new case's posts, the card first."""
        read = turn.as_read()
        lines, suggested, context = await asyncio.gather(
            self._lines(read, locale), self._suggested(card, read, said), self._context(turn)
        )
        known = (
            replace(card, meta={**card.meta, "facts": {**card.meta["facts"], "context": context}}) if context else card
        )
        return with_summary(known, turn, said, lines, suggested)

    async def _context(self, turn: TurnState) -> Mapping[str, str]:
        """Short, by name; what says nothing is left out."""
        if self.context is None:
            return {}
        try:
            async with asyncio.timeout(self.seconds):
                found = await self.context(turn)
        except Exception:  # a case without context is better than none
            _log.exception("desk.no_context")
            return {}
        short = {_line(name, _LONGEST_NAME): _line(value, _LONGEST_VALUE) for name, value in found.items()}
        told = {name: value for name, value in short.items() if name and value}
        return dict(list(told.items())[:_MOST_CONTEXT])

    async def _lines(self, turn: TurnState, locale: str) -> Sequence[Line]:
        """Each by the summarizer where it can be believed."""
        history = turn.with_history_of_author().history
        lines = summary(history, turn.pending, locale)
        if self.summarizer is None:
            return lines
        found = await self.summarizer.summarize((*history, *turn.pending), locale)
        return [
            Line(one.kind, found[one.kind].text, found[one.kind].about) if one.kind in found else one for one in lines
        ]

    async def _suggested(
        self, card: NewMessage, turn: TurnState, said: Sequence[NewMessage]
    ) -> Mapping[str, Any] | None:
        """The agent's own answer; where it was not asked, as when a rule called a person first, what it would quote."""
        wished = card.meta["facts"]["asked_by"] == "customer"
        known = suggestion(turn.history, said, lambda since: self._is_open(turn, since, wished=wished))
        if known is not None or self.drafter is None or not any(one.text.strip() for one in turn.pending):
            return known
        try:
            async with asyncio.timeout(self.seconds):
                asked = replace(turn, changes=()).with_history_for_reader()
                reply = await self.drafter.respond(asked, f"{turn.conversation.id}:draft", SilentTurnEvents())
        except TimeoutError:
            return None
        except Exception:  # a case without a suggestion is better than none
            _log.exception("desk.no_draft")
            return None
        return _grounded(reply) or _grounded(reply.besides)

    def _is_open(self, turn: TurnState, since: Sequence[Message], *, wished: bool) -> bool:
        """Whether the customer waits for more than what was answered before ``since``.

        ``wished``: they asked for a person; otherwise a rule called one because of what they have just written.
        """
        words = [one for one in (*since, *turn.pending) if one.author is Author.CUSTOMER and one.deleted_at is None]
        if not wished and any(one.text.strip() for one in turn.pending):
            return True
        return self.besides is not None and bool(self.besides(keep_newest(words)))


def _line(said: object, most: int) -> str:
    many = said if isinstance(said, (list, tuple)) else [said]
    return " ".join(", ".join(str(one) for one in many if one is not None).split())[:most]


def _grounded(reply: Reply | None) -> Mapping[str, Any] | None:
    if reply is None or reply.kind is not MessageKind.ANSWER or not reply.citations or not reply.text.strip():
        return None
    return quoted(reply.citations, reply.text)
