"""Whether a turn has left a question unanswered, told by its reply and by what was looked up for it. Pure.

- A reply that says "I don't know" has. Nothing good enough was found, or what the model wrote was withheld.
- So has an answer that offers a person besides, where one of its questions found nothing: the customer asked two things.
- A number alone asks nothing: it is somebody's choice among what was asked back, and missed. What is chosen stands for the
  question that was asked before, and so does that none of it is meant.
- One that asks back, tells of tickets, or rests on a tool's result has not; nor has a failure of the model or of the search,
  which says nothing of what the knowledge holds. An answer of which every sentence was left out has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.agent.choosing import pick_of
from core.agent.language import detect
from core.domain.gaps import ASKED_META, Nearest, Unanswered, Why
from core.domain.knowledge import Retrieval
from core.domain.messages import CustomerAction, MessageKind
from core.looked_up import Notes
from core.ports.responder import Reply
from core.ports.store import TurnState

_QUESTIONS = 3
"""What a model searches for in vain is one question in ever other words."""
_OF_A_FILE = "file"


def with_gaps(state: TurnState, reply: Reply, notes: Notes) -> Reply:
    """The reply with what it leaves unanswered, and with how it was asked, should the customer rate it badly."""
    said = reply.besides if reply.escalation is not None else reply
    if said is None or not state.pending:
        return reply
    asked = _asked(state)
    if not any(map(str.isalpha, asked)) or any(one.action is CustomerAction.REQUEST_PERSON for one in state.pending):
        return reply
    open_, why = _left_open(said, notes)
    queries = list(open_ if why is not None else notes.found)[:_QUESTIONS]
    looked_up, language = "\n".join(queries) or asked, detect(asked) or _primary(state.conversation.locale)
    if why is not None:
        nearest = _nearest(list(open_.values()))
        return replace(reply, gaps=(Unanswered(state.pending[-1].id, asked, looked_up, why, language, nearest),))
    if not notes.found or reply.kind is not MessageKind.ANSWER:
        return reply
    noted = {"language": language, **({"looked_up": looked_up} if looked_up != asked else {})}
    return replace(reply, meta={**reply.meta, ASKED_META: noted})


def _asked(state: TurnState) -> str:
    said = [one for one in state.pending if one.deleted_at is None]
    pick = pick_of(said, state.history)
    return pick.question if pick is not None else "\n".join(one.text for one in said if one.text).strip()


def _left_open(said: Reply, notes: Notes) -> tuple[dict[str, Retrieval], Why | None]:
    """The lookups in vain, and why the question is open; None where it is not."""
    in_vain = {query: found for query, found in notes.found.items() if not found.supported}
    match said.kind:
        case MessageKind.UNKNOWN if said.intent != _OF_A_FILE:
            found_some = len(in_vain) < len(notes.found)
            return (notes.found, Why.WITHHELD) if found_some and not in_vain else (in_vain, Why.NOT_FOUND)
        case MessageKind.ANSWER if said.citations and said.offers_person and in_vain:
            return in_vain, Why.NOT_FOUND
        case _:
            return {}, None


def _nearest(found: Sequence[Retrieval]) -> tuple[Nearest, ...]:
    """Passages, best first; the store keeps the best of each document."""
    passages = sorted((passage for one in found for passage in one.passages), key=lambda one: -one.score)
    return tuple(Nearest(one.title, one.score, one.url) for one in passages)


def _primary(locale: str | None) -> str | None:
    return (locale or "").replace("_", "-").partition("-")[0].lower() or None
