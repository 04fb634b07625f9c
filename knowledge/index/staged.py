"""What a run has written and nobody sees yet: put back where the run will not be finished, or moved on where something else must
be seen at once.

What is staged carries the number after the present epoch. Functions here work inside a transaction that holds the pointer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from knowledge.index.passages import PassageRow
from knowledge.index.tables import GONE, documents, passages

_MANY = 500


def put_back(
    connection: Connection, ours: Callable[[Any], ColumnElement[bool]], staged: int, kept: Collection[str]
) -> bool:
    """Documents of other roots than ``kept`` become what readers see, and count as changed. Whether there were any.

    The rest of a run that was cut off may never come: half of it must not be shown by whatever runs next.
    """
    unseen = or_(passages.c.born == staged, passages.c.died == staged)
    query = select(passages.c.document_id).where(ours(passages), unseen).distinct()
    touched = set(connection.execute(query).scalars().all())
    known = connection.execute(
        select(documents.c.id, documents.c.root, documents.c.digest).where(ours(documents))
    ).all()
    leaving = [one.id for one in known if one.root not in kept and (one.id in touched or one.digest == GONE)]
    for some in _batches(leaving):
        theirs = and_(ours(passages), passages.c.document_id.in_(some))
        connection.execute(delete(passages).where(theirs, passages.c.born == staged))
        connection.execute(update(passages).where(theirs, passages.c.died == staged).values(died=None))
        left = select(passages.c.document_id, func.count()).where(theirs, passages.c.died.is_(None))
        counts = {row[0]: int(row[1]) for row in connection.execute(left.group_by(passages.c.document_id)).all()}
        for identity in some:
            one = and_(ours(documents), documents.c.id == identity)
            if identity in counts:
                connection.execute(update(documents).where(one).values(digest="", stamp="", chunks=counts[identity]))
            else:
                connection.execute(delete(documents).where(one))
    return bool(leaving)


def move_on(connection: Connection, ours: Callable[[Any], ColumnElement[bool]], staged: int) -> None:
    """What is staged takes the number after: the next epoch will be without it."""
    for column in (passages.c.born, passages.c.died):
        connection.execute(update(passages).where(ours(passages), column == staged).values({column.name: staged + 1}))


def restrict(connection: Connection, mine: ColumnElement[bool], epoch: int, fingerprint: str) -> None:
    """Passages of ``mine`` that customers find now are for staff from the epoch after this one; staged ones as well.

    Call it after ``move_on``. A passage is never changed once it was seen: others take the places of those that were public.
    """
    connection.execute(update(passages).where(mine, passages.c.born > epoch, passages.c.staff == 0).values(staff=1))
    seen = and_(mine, passages.c.staff == 0, or_(passages.c.died.is_(None), passages.c.died > epoch))
    rows = connection.execute(select(passages).where(seen)).mappings().all()
    connection.execute(update(passages).where(seen).values(died=epoch + 1))
    key = {"fingerprint": fingerprint, "born": epoch + 1, "staff": 1}
    closed = [
        {**PassageRow.of(row).values(), **key, "document_id": row["document_id"], "died": row["died"]} for row in rows
    ]
    if closed:
        connection.execute(insert(passages), closed)


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _MANY):
        yield names[start : start + _MANY]
