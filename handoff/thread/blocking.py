"""Staff block the customer of a case, or unblock them: who did it and why stands in the case's record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, Sharing
from core.domain.messages import Message, StaffAction
from core.ports.outcomes import BlockCustomer, CaseRecord, ChangeTicket
from core.ports.tickets import TicketChange
from handoff.texts import say


def customer_to_block(facts: Mapping[str, Any], conversation: Conversation) -> str:
    """The customer whom the card is about; on one of a time before cards said so, whoever began the conversation."""
    return str(facts.get("customer_id") or conversation.customer_id)


def closes_case(facts: Mapping[str, Any], conversation: Conversation) -> bool:
    """Whether nobody is left to talk to: in a group the others are."""
    alone = conversation.shared is Sharing.NEVER
    return alone and customer_to_block(facts, conversation) == conversation.customer_id


def block_records(message: Message, case: Case, customer_id: str, who: str, told: str) -> tuple[CaseRecord, ...]:
    """What a form that was sent off writes. ``told``: who did what and why, for the ticket's history."""
    blocks, reason = message.action is StaffAction.BLOCK, message.text.strip()
    return (
        BlockCustomer(case.id, customer_id, who, reason, blocks=blocks),
        ChangeTicket(case.id, TicketChange(note=told), who, message.id),
    )


def block_remark(message: Message, name: str, language: str) -> str:
    """What staff read in the thread."""
    done = "staff_did_block" if message.action is StaffAction.BLOCK else "staff_did_unblock"
    reason = " ".join(message.text.split())
    return " ".join([say(done, language, name=name), *([f"“{reason}”"] if reason else [])])
