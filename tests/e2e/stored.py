"""What a hub's SQLite database holds: the last word on whether something was stored, and how often."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from tests.servers.hub import Hub


@contextmanager
def _reading(hub: Hub) -> Iterator[sqlite3.Connection]:
    uri = f"file:{hub.data_dir / 'switchboard.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=10)) as connection:
        connection.row_factory = sqlite3.Row
        yield connection


def rows(hub: Hub, statement: str, *values: Any) -> list[dict[str, Any]]:
    """The result of a SELECT."""
    with _reading(hub) as connection:
        return [dict(row) for row in connection.execute(statement, values)]


def messages(hub: Hub, session_id: str) -> list[tuple[str, str]]:
    """(author, text) of one session's messages in their order."""
    found = rows(
        hub,
        "SELECT author, text FROM message JOIN conversation AS c ON c.id = conversation_id WHERE thread = ? ORDER BY seq",
        session_id,
    )
    return [(row["author"], row["text"]) for row in found]


def said(hub: Hub, session_id: str, author: str = "customer") -> Sequence[str]:
    """The texts of one author."""
    return [text for who, text in messages(hub, session_id) if who == author]


def waiting(hub: Hub, text: str) -> list[float]:
    """When the messages with that text were said that wait to be sent."""
    joined = "FROM outbox AS o JOIN message AS m ON m.id = o.message_id"
    statement = f"SELECT m.created_at {joined} WHERE m.text = ? AND o.status = 'due'"
    return [row["created_at"] for row in rows(hub, statement, text)]


def counts(hub: Hub) -> dict[str, int]:
    """How many rows each table of the message path has; equal before and after something that must not be stored.

    Counted when the hub has finished what tests before this one may have left it to do.
    """
    deadline = time.monotonic() + 60
    while unfinished(hub):
        assert time.monotonic() < deadline, unfinished(hub)
        time.sleep(0.05)
    tables = ("conversation", "inbound_event", "message", "attachment", "outbox", "feedback")
    with _reading(hub) as connection:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}


def unfinished(hub: Hub) -> list[dict[str, Any]]:
    """Conversations with work left, and deliveries that are not settled; a terminal that was closed takes nothing more."""
    return [
        *rows(hub, "SELECT thread, last_seq, done_seq FROM conversation WHERE done_seq < last_seq"),
        *rows(hub, "SELECT id, status FROM outbox WHERE status <> 'sent' AND channel <> 'console'"),
    ]
