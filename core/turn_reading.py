"""What a turn reads from a conversation before it decides who answers, and what its reply leaves unanswered. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from core.agent.choosing import pick_of
from core.agent.erasure import wants_erasure
from core.agent.language import detect
from core.agent.person_wish import wants_person
from core.agent.questions import questions_besides
from core.agent.small_talk import says_unsolved
from core.agent.texts import in_written_language
from core.domain.capabilities import Capabilities
from core.domain.conversation import Escalation, OwnershipState
from core.domain.gaps import ASKED_META, Nearest, Unanswered, Why
from core.domain.knowledge import Retrieval
from core.domain.messages import CAUTION, FOR_RECORD, CustomerAction, MessageKind
from core.looked_up import Notes
from core.ports.desk import ASKS_COMMENT, ASKS_RATING, CASE_CLOSED
from core.ports.responder import Reply
from core.ports.store import TurnState

_QUESTIONS = 3
"""What a model searches for in vain is one question in ever other words."""
_OF_A_FILE = "file"


def pressed_for_a_person(state: TurnState) -> bool:
    """Whether the customer pressed the button that asks for a person."""
    return any(message.action == CustomerAction.REQUEST_PERSON for message in state.pending)


def asks_for_a_person(state: TurnState) -> bool:
    """Whether the customer pressed that button or wrote that they want a person."""
    return pressed_for_a_person(state) or any(wants_person(message.text) for message in state.pending)


def may_only_rate(state: TurnState) -> bool:
    """Whether the pending messages ask for nothing, so that they may be a rating or thanks."""
    if questions_besides(state.pending) or asks_for_a_person(state) or any(map(wants_erasure, state.pending)):
        return False
    return not any(says_unsolved(message.text) for message in state.pending)


def why_case_goes_on(state: TurnState, reply: Reply) -> Escalation | None:
    """Why a customer who comes back soon after a person resolved their case needs a person again; None: the agent goes on.

    The agent has no answer, or would offer a person in place of one; or they say that it is not solved, and all that its
    answer rests on was shown to them before.
    """
    if not state.comes_back or not was_escalated_for_author(state):
        return None
    offers = reply.offers_person and reply.kind is not MessageKind.ANSWER
    if offers or reply.kind in (MessageKind.UNKNOWN, MessageKind.FAILURE):
        said = "The customer came back, and the agent had no answer."
        return Escalation(said, requested_by="rule", causes={"no_answer": {}})
    shown = {citation.id for message in state.history for citation in message.citations}
    is_new = any(citation.id not in shown for citation in reply.citations)
    if is_new or not any(says_unsolved(message.text) for message in state.pending):
        return None
    said = "The customer says that it is not solved, and the agent had nothing new."
    return Escalation(said, requested_by="rule", causes={"unsolved": {}})


def is_doubted(state: TurnState) -> bool:
    """Whether somebody else may have written some of it, or it is only kept: people read it, and it decides nothing."""
    return any(CAUTION in message.meta or FOR_RECORD in message.meta for message in state.pending)


def was_escalated_for_author(state: TurnState) -> bool:
    """Whether the latest request for a person was made by the customer who writes now: only they may rate it."""
    called = (message for message in reversed(state.history) if message.meta.get("requires_escalation") is True)
    notice = next(called, None)
    return (state.conversation.customer_id if notice is None else state.author_of(notice)) == state.customer.id


def waits_by_own_wish(state: TurnState) -> bool:
    """Whether the present wait began with a notice to the customer who writes now, so that they may end it: not staff's own.

    Of a long wait only the end is read: then whoever began the conversation may.
    """
    for message in reversed(state.history):
        if message.meta.get("requires_escalation") is True:
            return state.author_of(message) == state.customer.id
        if message.meta.get("status") in (OwnershipState.BOT, OwnershipState.RESOLVED):
            return False
    is_cut = bool(state.history) and state.history[0].seq > 1
    return is_cut and state.conversation.customer_id == state.customer.id


def was_told_of_the_end(state: TurnState) -> bool:
    """And asked to rate it, by the last thing that was said to the customer; nobody has it, or is waited for, since then.

    What was written before that, while somebody resolved, answers nothing: the conversation is resolved still.
    """
    if state.conversation.state is not OwnershipState.BOT:
        return False
    last = state.last_told
    return last is not None and not {ASKS_RATING, ASKS_COMMENT, CASE_CLOSED}.isdisjoint(last.meta)


def with_ratings_apart(state: TurnState) -> TurnState:
    """The turn up to the first score that was pressed, or that score alone: what was written beside it is another turn's."""
    pressed = next((one.seq for one in state.pending if one.action is CustomerAction.RATE), None)
    if pressed is None:
        return state
    first = pressed == min([one.seq for one in state.pending] + [one.seq for one in state.changes])
    pending = tuple(one for one in state.pending if (one.seq == pressed if first else one.seq < pressed))
    return replace(state, pending=pending, changes=tuple(one for one in state.changes if one.seq < pressed))


def from_the_new_start(state: TurnState) -> TurnState:
    """Without what was said before the customer began anew."""
    said = (*state.history, *state.pending)
    starts = [
        one.seq for one in said if one.action is CustomerAction.START_OVER and state.author_of(one) == state.customer.id
    ]
    if not starts:
        return state
    return replace(state, history=tuple(message for message in state.history if message.seq >= max(starts)))


def worded(state: TurnState) -> TurnState:
    """The whole turn, with the language that the customer writes as its locale, by what is read of it."""
    return replace(state, conversation=in_written_language(state.as_read()).conversation)


def as_written(state: TurnState, capabilities: Capabilities) -> TurnState:
    """The pending messages in the order in which they were written: some platforms deliver each by itself.

    Each gets the place that it would have had. What is done already stays.
    """
    if not capabilities.own_time or len(state.pending) < 2:
        return state
    written = sorted(state.pending, key=lambda one: (one.sent_at or one.created_at, one.seq))
    places = sorted(one.seq for one in written)
    return replace(state, pending=tuple(replace(one, seq=seq) for one, seq in zip(written, places, strict=True)))


def with_gaps(state: TurnState, reply: Reply, notes: Notes) -> Reply:
    """The reply with what it leaves unanswered, and with how it was asked, should the customer rate it badly.

    - A reply that says "I don't know" has. Nothing good enough was found, or what the model wrote was withheld.
    - So has an answer that offers a person besides, where one of its questions found nothing: the customer asked two things.
    - A number alone asks nothing: it is somebody's choice among what was asked back, and missed. What is chosen stands for the
      question that was asked before, and so does that none of it is meant.
    - One that asks back, tells of tickets, or rests on a tool's result has not; nor has a failure of the model or of the search,
      which says nothing of what the knowledge holds. An answer of which every sentence was left out has.
    """
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
        nearest, left = _nearest(list(open_.values())), _asked(state, open_)
        return replace(reply, gaps=(Unanswered(state.pending[-1].id, left, looked_up, why, language, nearest),))
    if not notes.found or reply.kind is not MessageKind.ANSWER:
        return reply
    noted = {"language": language, **({"looked_up": looked_up} if looked_up != asked else {})}
    return replace(reply, meta={**reply.meta, ASKED_META: noted})


def _asked(state: TurnState, queries: Collection[str] = ()) -> str:
    """What the customer wrote; of several messages those that say one of the ``queries``, where any does."""
    said = [one for one in state.pending if one.deleted_at is None]
    pick = pick_of(said, state.history)
    if pick is not None:
        return pick.question
    texts = [one.text for one in said if one.text]
    asking = [text for text in texts if any(query in text for query in queries)]
    return "\n".join(asking or texts).strip()


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
