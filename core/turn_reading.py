"""What a turn reads from a conversation, and how it reads it, before it decides who answers. Pure."""

from __future__ import annotations

from dataclasses import replace

from core.agent.erasure import wants_erasure
from core.agent.person_wish import wants_person
from core.agent.questions import questions_besides
from core.agent.small_talk import says_unsolved
from core.agent.texts import in_written_language
from core.domain.capabilities import Capabilities
from core.domain.conversation import Escalation, OwnershipState
from core.domain.messages import CAUTION, FOR_RECORD, CustomerAction, MessageKind
from core.ports.desk import ASKS_COMMENT, ASKS_RATING, CASE_CLOSED
from core.ports.responder import Reply
from core.ports.store import TurnState


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
