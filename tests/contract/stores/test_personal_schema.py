"""Each table is either known to hold nothing of customers, or is erased; a new table or column must be decided upon."""

from __future__ import annotations

from core.storage import personal
from core.storage.store import SqlStore
from core.storage.tables import metadata

GO = {
    *("customer", "identity", "identity_link", "ticket", "ticket_entry", "desk_timer", "relay", "learned_answer"),
    *("contacted", "quarantine", "channel_memory", "gap_cluster"),
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
    whole = {table.name for table in (*personal.OF_CONVERSATION, *personal.OF_MESSAGE)}
    emptied = {table.name for table in personal.KEPT}
    assert GO | whole | emptied | WITHOUT_CONTENT.keys() == set(metadata.tables)
    assert not (GO | whole | emptied) & WITHOUT_CONTENT.keys()


def test_columns_that_stay_are_named_and_there() -> None:
    """A new column of a table whose rows stay is emptied, until somebody decides that it may stay."""
    for table, kept in personal.KEPT.items():
        assert kept <= set(table.c.keys()), table.name
    gone = {table.name: sorted(set(table.c.keys()) - kept) for table, kept in personal.KEPT.items()}
    assert {"thread", "external_id", "customer_id", "last_error", "escalation_reason"} <= set(gone["conversation"])
    assert gone["inbound_event"] == ["message_id", "raw"]
    assert gone["ownership_change"] == gone["desk_case"] == ["reason"]
