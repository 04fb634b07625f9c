"""Staff block a customer who wrote in a case, or unblock them: who did it and why stands in the case's record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.case import Case
from core.domain.conversation import Conversation, Sharing
from core.domain.customer import Writer
from core.domain.messages import Message, StaffAction
from core.ports.outcomes import BlockCustomer, CaseRecord, ChangeTicket
from core.ports.tickets import TicketChange
from handoff.slack.forms import REASON, WRITER, writer_label
from handoff.texts import say


def customer_to_block(facts: Mapping[str, Any], conversation: Conversation) -> str:
    """The customer whom the card is about; on one of a time before cards said so, whoever began the conversation."""
    return str(facts.get("customer_id") or conversation.customer_id)


def read_block(text: str) -> tuple[str | None, str]:
    """The id of the customer who was chosen in the form, and the reason. None: it had no menu; the card's customer is meant."""
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = None
    if isinstance(given, dict) and given.get(WRITER):
        return str(given[WRITER]), str(given.get(REASON, "")).strip()
    return None, text.strip()


def writer_of(customer_id: str, writers: Sequence[Writer]) -> Writer | None:
    """The writer who is that customer."""
    return next((one for one in writers if customer_id in one.customer_ids), None)


def wrote_alone(customer_id: str, writers: Sequence[Writer]) -> bool:
    """Whether nobody else wrote in the conversation."""
    return all(customer_id in one.customer_ids for one in writers)


def closes_case(customer_id: str, conversation: Conversation, writers: Sequence[Writer]) -> bool:
    """Whether a block of that customer resolves the case: not in a group, nor where others wrote too."""
    return conversation.shared is Sharing.NEVER and wrote_alone(customer_id, writers)


def block_records(
    message: Message, case: Case, customer_id: str, who: str, told: str, reason: str
) -> tuple[CaseRecord, ...]:
    """What a form that was sent off writes. ``told``: who did what and why, for the ticket's history."""
    return (
        BlockCustomer(case.id, customer_id, who, reason, blocks=message.action is StaffAction.BLOCK),
        ChangeTicket(case.id, TicketChange(note=told), who, message.id),
    )


def block_remark(message: Message, name: str, language: str, writer: Writer | None, reason: str) -> str:
    """What staff read in the thread. ``writer``: who was chosen of several; None for the card's customer."""
    done = "staff_did_block" if message.action is StaffAction.BLOCK else "staff_did_unblock"
    if writer is None:
        told = say(done, language, name=name)
    else:
        told = say(f"{done}_writer", language, name=name, writer=writer_label(writer))
    reason = " ".join(reason.split())
    return " ".join([told, *([f"“{reason}”"] if reason else [])])
