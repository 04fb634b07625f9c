"""Makes a turn's outbound messages, each with the turn and the message that it answers in ``meta``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.agent.texts import texts_for
from core.domain.analysed_text import exceeds_bound
from core.domain.conversation import OwnershipEvent, OwnershipState
from core.domain.correlation import correlation_id
from core.domain.messages import ANSWERS_TO, LOCALE, SHARED, TOGETHER, Author, MessageKind
from core.domain.readers import RECIPIENTS
from core.ports.desk import DeskReply
from core.ports.responder import Reply
from core.ports.store import NewMessage, Transition, TurnOutcome, TurnState
from core.turn_reading import worded


def turn_id(state: TurnState) -> str:
    """The conversation and the place after which the turn answers. A deletion in between does not change it."""
    return f"{state.conversation.id}:{state.conversation.done_seq + 1}"


def with_limit_told(state: TurnState, reply: Reply) -> Reply:
    """The reply, with a line that says so where the customer wrote more than is read."""
    said = reply.besides if reply.escalation is not None else reply
    if said is None or said.kind is MessageKind.FAILURE or not exceeds_bound(state.pending):
        return reply
    line = texts_for(state.as_read(), "").say("read_in_part")
    told = replace(said, text=f"{said.text}\n\n{line}".strip())
    return told if said is reply else replace(reply, besides=told)


def agent_message(reply: Reply) -> NewMessage:
    """The agent's message for a reply."""
    meta = {
        **reply.meta,
        "confidence": round(reply.confidence, 4),
        "intent": reply.intent,
        "offers_person": reply.offers_person,
        "requires_escalation": False,
    }
    return NewMessage(Author.AGENT, reply.text, reply.kind, citations=reply.citations, meta=meta)


def answer_outcome(state: TurnState, *replies: Reply) -> TurnOutcome:
    """What was written while a person resolved was pending then, so its arrival reopened nothing: its answer does."""
    resolved = state.conversation.state is OwnershipState.RESOLVED
    return TurnOutcome(
        state.claim,
        handled_seq=last_handled(state),
        messages=stamp_messages(state, [agent_message(reply) for reply in replies]),
        transition=Transition(OwnershipEvent.REOPEN_FOR_BOT) if resolved else None,
        gaps=tuple(gap for reply in replies for gap in reply.gaps),
        cases=tuple(reply.erasure for reply in replies if reply.erasure is not None),
        customer_id=state.customer.id,
    )


def desk_outcome(state: TurnState, said: DeskReply) -> TurnOutcome:
    """What to commit where the desk answers."""
    return TurnOutcome(
        state.claim,
        handled_seq=last_handled(state),
        messages=tuple(stamp_message(state, message) for message in said.messages),
        transition=said.transition,
        contact=said.contact,
        cross_writes=said.staff.cross_writes,
        cases=said.staff.cases,
        customer_id=state.customer.id,
    )


def last_handled(state: TurnState) -> int:
    """The highest place among the messages and changes that the turn handles."""
    return max([*(message.seq for message in state.pending[-1:]), *(change.seq for change in state.changes)])


def stamp_messages(state: TurnState, messages: Sequence[NewMessage]) -> tuple[NewMessage, ...]:
    """The messages, each with its turn and with how many belong together, for clients that wait for all of them.

    Of a notice and an answer only the answer has the turn's id: a client replaces the streamed text of that turn with it.
    """
    together = {TOGETHER: len(messages)} if len(messages) > 1 else {}
    told = (
        replace(one, meta={**one.meta, **together}) for one in (stamp_message(state, message) for message in messages)
    )
    answered = any(message.author is Author.AGENT for message in messages)
    return tuple(one if one.author is Author.AGENT or not answered else replace(one, turn_id=None) for one in told)


def _spoken(state: TurnState) -> dict[str, str]:
    """``meta`` with the customer's language, in which a channel words what it adds to the message."""
    locale = worded(state).conversation.locale or state.customer.locale
    known = state.conversation.locale if state.customer.id == state.conversation.customer_id else None
    return {LOCALE: locale} if locale and locale != known else {}


def stamp_message(state: TurnState, message: NewMessage) -> NewMessage:
    """The message with its turn, and with the message and the customer that it answers."""
    if not state.pending:
        return message
    last = state.pending[-1]
    of_turn: dict[str, object] = {
        "in_reply_to": last.id,
        "handled_seq": last.seq,
        "correlation_id": correlation_id(),
        ANSWERS_TO: state.customer.external_id,
    }
    if state.recipients:
        of_turn[RECIPIENTS] = state.recipients
    if SHARED in last.meta and len(state.recipients) != 1:
        of_turn[SHARED] = True
    meta = {**_spoken(state), **message.meta, **of_turn}
    return replace(message, meta=meta, turn_id=turn_id(state))
