"""The manifest's tables: what the index holds, for each model. They are derived from the documents and can be made anew.

A passage is never changed. It is born with an epoch and dies with another, and a reader of an epoch sees what was alive in
it; so a run may write for minutes while everybody still reads the epoch before it, and one number makes all of it seen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Dialect, Double, Index, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.types import TypeDecorator

GONE = "-"
"""The digest of a document that is taken out with the next epoch: until then it can be put back."""

LAYOUT = 1
"""Part of each table's name, so that a later layout is made beside this one and documents are read anew."""


class Words(TypeDecorator[str]):
    """Text of any origin. Neither database takes half a surrogate pair, and PostgreSQL no NUL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """What cannot be stored is shown as an escape."""
        if value is None:
            return None
        return str(value).replace("\0", " ").encode("utf-8", "backslashreplace").decode("utf-8")


metadata = MetaData()
_row = BigInteger().with_variant(Integer, "sqlite")


def _named(noun: str) -> str:
    return f"knowledge{LAYOUT}_{noun}"


pointers = Table(
    _named("pointer"),
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("documents", Integer, nullable=False),
    Column("passages", Integer, nullable=False),
)
"""``epoch`` is what readers see; what carries the next number is still being written. ``generation`` of the vectors."""

owners = Table(
    _named("owner"),
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False),
)
"""One row: the name by which the vectors of this manifest are told from those of others in the same Chroma server."""

documents = Table(
    _named("document"),
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("id", String(32), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("stamp", String(64), nullable=False),
    Column("source", Words, nullable=False),
    Column("root", Words, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("chunks", Integer, nullable=False),
    Column("problems", Words, nullable=False),
)
"""As the last run left them, whether it came to its end or not: readers never look here."""

passages = Table(
    _named("passage"),
    metadata,
    Column("row", _row, primary_key=True, autoincrement=True),
    Column("fingerprint", String(64), nullable=False),
    Column("document_id", String(32), nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("born", Integer, nullable=False),
    Column("died", Integer),
    Column("id", String(32), nullable=False),
    Column("vectors", LargeBinary, nullable=False),
    Column("section_number", Integer),
    Column("category_key", Words),
    Column("language", Words),
    Column("staff", Integer, nullable=False),
    Column("title", Words, nullable=False),
    Column("section", Words),
    Column("content", Words, nullable=False),
    Column("details", Words, nullable=False),
    Index(f"ix_{_named('passage')}_document", "fingerprint", "document_id"),
    Index(f"ix_{_named('passage')}_died", "fingerprint", "died"),
    sqlite_autoincrement=True,  # a number that was given never comes again: a reader may still hold it
)
"""``vectors``: the keys of its texts, eight bytes each. ``details``: JSON of what is only read when a passage is returned."""

fetches = Table(
    _named("fetch"),
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("source", String(32), primary_key=True),
    Column("fetched_at", Double, nullable=False),
)
"""Of sources that are fetched: how old the copy was that was indexed last."""

unread = Table(
    _named("unread"),
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("document_id", String(32), primary_key=True),
    Column("stamp", String(64), nullable=False),
    Column("reason", Words, nullable=False),
    Column("tried_at", Double, nullable=False),
)
"""Files that could not be read in the state in which they are."""

bounds = Table(
    _named("bounds"),
    metadata,
    Column("key", String(32), primary_key=True),
    Column("measured", Words, nullable=False),
)
"""``key``: a model, and how bounds are measured. ``measured``: JSON of them and of what the knowledge consisted of then."""

runs = Table(
    _named("run"),
    metadata,
    Column("id", String(32), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("document", Words, nullable=False),
    Column("outcome", Words, nullable=False),
)
"""``seen_at``: when the run last gave a sign of life. ``outcome``: JSON of its report, or why it failed."""
