"""Which documents a run takes out, and which it keeps because so many at once are more likely a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from knowledge.index.order import IndexOrder, Origin
from knowledge.index.records import IndexedDocument
from knowledge.sources import Scan
from knowledge.sources.options import CLOSED_TICKETS, LEARNED
from knowledge.sources.secrets import without_secret

CONFIRM = "switchboard index --confirm-deletions"
"""What somebody types who has seen that most of a source is gone."""

_HANDFUL = 5
"""So many documents of a source may vanish at once without a question, whatever their share is."""


class Deletions:
    """``meant``: documents to take out. ``refused``: by root, those that stay until somebody confirms, as people may see them.

    These are most of a source that vanished at once; and what is no longer configured as long as what came in its place cannot
    be read, or nothing came: an address that was written in another way must not empty the index while it is fetched. What was
    named and is taken out by its name is meant whatever its number. So are closed tickets: the database was read whole, nobody
    may keep what was erased there, and what is there comes back with the next run.
    """

    def __init__(self, found: Scan, known: Mapping[str, IndexedDocument], order: IndexOrder) -> None:
        present = {file.id for file in found.files}
        gone = {name: document for name, document in known.items() if name not in present}
        leaving = {name: document for name, document in gone.items() if _may_go(document, found, order)}
        had = Counter(document.root for document in known.values())
        lost = Counter(document.root for document in leaving.values())
        refused = {
            root: _reason(count, had[root])
            for root, count in lost.items()
            if root in order.roots and count > _HANDFUL and count * 2 > had[root]
        }
        if nothing_instead(known, order) or any(found.failed(root) for root in order.roots):
            refused |= {root: _dropped(count) for root, count in lost.items() if _was_dropped(root, order)}
        refused.pop(CLOSED_TICKETS, None)
        if order.confirm_deletions:
            refused = {}
        self.meant = [name for name, document in leaving.items() if document.root not in refused]
        self.refused = {root: ((without_secret(root), refused[root]),) for root in sorted(refused)}


def nothing_instead(known: Mapping[str, IndexedDocument], order: IndexOrder) -> bool:
    """Whether a company's documents would be taken out for those that stand in for them: the setting was lost, most likely."""
    if order.stand_in is None or order.origin is not Origin.CONFIGURED or order.confirm_deletions:
        return False
    dropped = [one for one in known.values() if one.origin is Origin.CONFIGURED and _was_dropped(one.root, order)]
    return len(dropped) > _HANDFUL


def _was_dropped(root: str, order: IndexOrder) -> bool:
    return root not in (*order.roots, order.stand_in, CLOSED_TICKETS)


def _may_go(document: IndexedDocument, found: Scan, order: IndexOrder) -> bool:
    if document.root in order.roots:
        return order.wants(document.root) and not found.failed(document.root)
    if document.root == LEARNED:  # who has no file of it, such as a command on another machine, does not know of it
        return False
    return order.origin is Origin.CONFIGURED and document.origin is Origin.CONFIGURED


def _reason(lost: int, had: int) -> str:
    return f"{lost} of its {had} documents are gone; they stay in the index until somebody says that this is meant: {CONFIRM}"


def _dropped(count: int) -> str:
    return (
        f"it is configured no more; its {count} documents stay in the index until every source can be read, "
        f"or somebody says that this is meant: {CONFIRM}"
    )
