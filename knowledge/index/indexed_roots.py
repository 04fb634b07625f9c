"""Which roots an index holds documents of, for whoever looks at it from outside: also those that are configured nowhere."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from knowledge.index.database import ManifestDatabase
from knowledge.index.order import Origin
from knowledge.index.runs import latest_model
from knowledge.index.tables import GONE, documents, fetches
from knowledge.sources import identity_of


@dataclass(frozen=True, slots=True)
class IndexedRoot:
    """``wrong``: of how many documents a part could not be read. ``fetched_at``: of what had to be, in seconds since 1970."""

    root: str
    documents: int
    named: bool
    wrong: int
    fetched_at: float | None = None


def indexed_roots(database: ManifestDatabase, now: float) -> list[IndexedRoot]:
    """Of the model that was indexed with last, by their names. ``named``: somebody named one of its documents by hand."""
    columns = documents.c
    latest = latest_model(now)
    named = func.max(case((columns.origin == Origin.NAMED.value, 1), else_=0)).label("named")
    wrong = func.sum(case((columns.problems != "", 1), else_=0)).label("wrong")
    query = (
        select(columns.root, func.count().label("documents"), named, wrong)
        .where(columns.fingerprint == latest, columns.digest != GONE)
        .group_by(columns.root)
        .order_by(columns.root)
    )
    rows = database.read(lambda connection: connection.execute(query).all())
    at = select(fetches.c.source, fetches.c.fetched_at).where(fetches.c.fingerprint == latest)
    fetched = {row.source: row.fetched_at for row in database.read(lambda connection: connection.execute(at).all())}
    return [
        IndexedRoot(row.root, row.documents, bool(row.named), row.wrong, fetched.get(identity_of(row.root)))
        for row in rows
    ]
