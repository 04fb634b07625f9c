"""What other models have in the index: it follows to the model in use, or goes."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from knowledge.index.database import ManifestDatabase
from knowledge.index.manifest import Manifest
from knowledge.index.order import Origin
from knowledge.index.tables import documents, fetches, passages, pointers, runs, unread


def named_roots(database: ManifestDatabase, fingerprint: str) -> tuple[str, ...]:
    """What somebody named while another model was in use."""
    query = select(documents.c.root).where(
        documents.c.fingerprint != fingerprint, documents.c.origin == Origin.NAMED.value
    )
    return tuple(sorted(database.read(lambda connection: connection.execute(query.distinct()).scalars().all())))


def forget(database: ManifestDatabase, fingerprint: str, root: str) -> bool:
    """Takes a root out of every other model's index. Whether it was in one."""
    query = select(documents.c.fingerprint, documents.c.id).where(
        documents.c.fingerprint != fingerprint, documents.c.root == root
    )
    found = database.read(lambda connection: connection.execute(query).all())
    for other in {name for name, _ in found}:
        manifest = Manifest(database, other)
        manifest.roll_back()
        manifest.remove([identity for name, identity in found if name == other])
        manifest.commit()
    return bool(found)


def drop(database: ManifestDatabase, fingerprint: str) -> None:
    """Removes what other models have in the manifest."""
    others = select(pointers.c.fingerprint).where(pointers.c.fingerprint != fingerprint).limit(1)
    if database.read(lambda connection: connection.execute(others).first()) is not None:
        database.write(lambda connection: _drop(connection, fingerprint))


def _drop(connection: Connection, fingerprint: str) -> None:
    for table in (passages, documents, fetches, unread, runs, pointers):
        connection.execute(delete(table).where(table.c.fingerprint != fingerprint))
