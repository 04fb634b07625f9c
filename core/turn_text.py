"""The language of what a turn analyses, and what its customer is told where that is not all that they wrote."""

from __future__ import annotations

from dataclasses import replace

from core.agent.texts import in_written_language, texts_for
from core.domain.analysed_text import exceeds_bound
from core.domain.messages import MessageKind
from core.ports.responder import Reply
from core.ports.store import TurnState


def worded(state: TurnState) -> TurnState:
    """The whole turn, with the language that the customer writes as its locale, by what is read of it."""
    return replace(state, conversation=in_written_language(state.as_read()).conversation)


def with_limit_told(state: TurnState, reply: Reply) -> Reply:
    """The reply, with a line that says so where the customer wrote more than is read."""
    said = reply.besides if reply.escalation is not None else reply
    if said is None or said.kind is MessageKind.FAILURE or not exceeds_bound(state.pending):
        return reply
    line = texts_for(state.as_read(), "").say("read_in_part")
    told = replace(said, text=f"{said.text}\n\n{line}".strip())
    return told if said is reply else replace(reply, besides=told)
