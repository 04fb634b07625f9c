"""What staff have to approve: from the calls that a turn did not run to the escalation that brings them to staff."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.consent import canonical, in_words
from core.agent.own_words import own_words
from core.agent.tokens import trim
from core.domain.approvals import BY_APPROVAL, Approval
from core.domain.conversation import Escalation
from core.domain.customer import Evidence
from core.ports.chat_model import ToolCall
from core.ports.store import TurnState
from core.ports.tickets import Holder, Tickets

_MESSAGES, _SAID_TOKENS = 3, 150


async def escalation_for(
    turn: TurnState, turn_id: str, calls: Sequence[ToolCall], tickets: Tickets | None
) -> Escalation:
    """Why staff are needed, with the calls and whom they serve as far as that is proven now. Raises StoreUnavailable."""
    holder = Holder.of(turn.customer, turn.conversation.id, private=turn.is_private)
    found = await tickets.identities(holder) if tickets is not None and turn.is_private else ()
    proven = tuple((one.channel, one.address) for one in found if one.evidence > Evidence.CLAIMED)
    said = trim("\n".join(own_words(turn)[-_MESSAGES:]), _SAID_TOKENS)
    approvals = tuple(
        Approval(
            turn_id,
            call.id,
            call.name,
            canonical(call.arguments),
            in_words(call),
            said,
            turn.customer.id,
            turn.is_private,
            proven,
        )
        for call in calls
    )
    actions = "; ".join(one.action for one in approvals)
    causes = {BY_APPROVAL: {"action": actions}}
    return Escalation(
        f"Somebody has to approve: {actions}", requested_by=BY_APPROVAL, causes=causes, approvals=approvals
    )
