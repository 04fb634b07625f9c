"""What an erasure does to each table: whose rows go, which columns stay, and by what the rows are found."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table

from core.storage.desk_tables import contact_route, desk_case, follow_up, gap, rating, relay
from core.storage.tables import (
    attachment,
    change,
    conversation,
    feedback,
    inbound_event,
    message,
    outbox,
    ownership_change,
    reaction,
    receipt,
    tool_journal,
    widget_event,
)

OF_CONVERSATION: tuple[Table, ...] = (
    *(widget_event, feedback, reaction, change, outbox, receipt, gap, tool_journal, message),
    *(follow_up, contact_route),
)
"""Tables of which all rows of an erased conversation go."""
OF_MESSAGE: Mapping[Table, tuple[str, ...]] = {
    **dict.fromkeys((widget_event, feedback, reaction, change, outbox, receipt, gap), ("message_id",)),
    relay: ("source_id", "target_id"),
    message: ("id",),
}
"""Tables of which all rows about an erased message go, by the columns that name it."""
KEPT: Mapping[Table, frozenset[str]] = {
    conversation: frozenset(
        {"id", "channel", "account", "epoch", "ownership_epoch", "last_seq", "done_seq", "event_cursor", "ready_at"}
        | {"created_at", "ended_at", "audience", "shared", "send_after", "state"}
    ),
    inbound_event: frozenset({"event_key", "kind", "conversation_id", "received_at"}),
    ownership_change: frozenset(
        {"conversation_id", "ownership_epoch", "event", "from_state", "to_state", "owner", "actor", "created_at"}
    ),
    desk_case: frozenset({"id", "conversation_id", "number", "requested_by", "urgency", "opened_at", "closed_at"}),
    rating: frozenset({"case_id", "conversation_id", "score", "created_at"}),
    attachment: frozenset({"id", "conversation_id", "size", "storage_key", "extraction"}),
    message: frozenset({"id", "conversation_id", "seq", "author", "kind", "turn_id", "sent_at", "created_at"}),
}
"""Columns that keep their values where a row stays. All others are emptied, also those that a later version adds.

The rows of ``message`` that stay are those in threads of staff: what staff were shown or wrote about a case. The daily sweep
deletes the file of an ``attachment`` that names no message any more.
"""
BY_MESSAGE = (feedback, reaction, receipt)
"""Tables in which rows are found by their message, and not by its conversation."""
BY_CONVERSATION = (widget_event, change, outbox, inbound_event)
"""Tables in which they are found by the conversation, and not by the message."""
