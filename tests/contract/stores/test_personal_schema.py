"""Each table is either known to hold nothing of customers, or is erased; a new table or column must be decided upon."""

from __future__ import annotations

from core.storage import personal, personal_scope
from core.storage.personal_scope import EXPORTED
from core.storage.store import SqlStore
from core.storage.tables import metadata

GO = {
    *("customer", "identity", "identity_link", "ticket", "ticket_entry", "desk_timer", "relay", "learned_answer"),
    *("contacted", "quarantine", "channel_memory", "gap_cluster", "model_use"),
}
"""Rows that go as a whole, so that new columns of them do."""
WITHOUT_CONTENT = {
    "lane": "accounts of the company",
    "lease": "processes",
    "rate_limit": "keys of budgets and paces, gone when their window is over",
    "job": "sources of knowledge",
    "ticket_day": "counts",
    "ticket_number": "numbers that were given, so that none is given twice",
    "desk_note": "ids, and who of the staff wrote it; its words are the message's",
}


def test_each_table_is_decided_upon() -> None:
    assert issubclass(SqlStore, personal.SqlPersonal)
    whole = {table.name for table in (*personal_scope.OF_CONVERSATION, *personal_scope.OF_MESSAGE)}
    emptied = {table.name for table in personal_scope.KEPT}
    assert GO | whole | emptied | WITHOUT_CONTENT.keys() == set(metadata.tables)
    assert not (GO | whole | emptied) & WITHOUT_CONTENT.keys()


def test_columns_that_stay_are_named_and_there() -> None:
    """A new column of a table whose rows stay is emptied, until somebody decides that it may stay."""
    for table, kept in personal_scope.KEPT.items():
        assert kept <= set(table.c.keys()), table.name
    gone = {table.name: sorted(set(table.c.keys()) - kept) for table, kept in personal_scope.KEPT.items()}
    assert {"thread", "external_id", "customer_id", "last_error", "escalation_reason"} <= set(gone["conversation"])
    assert gone["inbound_event"] == ["message_id", "raw"]
    assert gone["ownership_change"] == gone["desk_case"] == ["reason"]


WITHHELD = {
    "identity": set(),
    "customer": {"blocked"},
    "identity_link": {"unlinked_by"},
    "conversation": {
        *("owner", "escalation_reason", "last_error", "audience"),
        *("epoch", "ownership_epoch", "last_seq", "done_seq", "event_cursor", "remembered_seq", "attempts"),
        *("ready_at", "lease_until", "send_after", "reopen_until"),
    },
    "desk_case": {"reason", "requested_by"},
    "rating": set(),
    "message": {"meta", "turn_id"},
    "attachment": {"error"},
    "feedback": set(),
    "reaction": {"external_id"},
    "ticket": {"fields", "case_id"},
    "ticket_entry": {"origin", "place"},
}
"""Columns that no customer is given: what staff think, who of them did what, who else reacted, and the hub's own counters."""


def test_each_exported_column_is_decided_upon() -> None:
    """A new column is not exported until somebody decides that it is the customer's."""
    tables = {table.name: set(columns) for table, columns in EXPORTED.items()}
    assert tables.keys() == WITHHELD.keys()
    for name, columns in tables.items():
        assert columns | WITHHELD[name] == set(metadata.tables[name].c.keys()), name
        assert not columns & WITHHELD[name]
