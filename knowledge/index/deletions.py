"""Which documents a run takes out, and which it keeps because so many at once are more likely a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from knowledge.index.order import IndexOrder, Origin
from knowledge.index.records import IndexedDocument
from knowledge.sources import Scan
from knowledge.sources.secrets import without_secret

CONFIRM = "switchboard index --confirm-deletions"
"""What somebody types who has seen that most of a source is gone."""

_HANDFUL = 5
"""So many documents of a source may vanish at once without a question, whatever their share is."""


class Deletions:
    """``meant``: documents to take out. ``refused``: by root, those of which more than half has vanished, as people may see them.

    What is no longer configured, or was named and is taken out by its name, is meant whatever its number.
    """

    def __init__(self, found: Scan, known: Mapping[str, IndexedDocument], order: IndexOrder) -> None:
        present = {file.id for file in found.files}
        gone = {name: document for name, document in known.items() if name not in present}
        leaving = {name: document for name, document in gone.items() if _may_go(document, found, order)}
        had = Counter(document.root for document in known.values())
        lost = Counter(document.root for document in leaving.values() if document.root in order.roots)
        large = {root for root, count in lost.items() if count > _HANDFUL and count * 2 > had[root]}
        kept = set() if order.confirm_deletions else large
        self.meant = [name for name, document in leaving.items() if document.root not in kept]
        self.refused = {root: ((without_secret(root), _reason(lost[root], had[root])),) for root in sorted(kept)}


def _may_go(document: IndexedDocument, found: Scan, order: IndexOrder) -> bool:
    if document.root in order.roots:
        return order.wants(document.root) and not found.failed(document.root)
    dropped = order.origin is Origin.CONFIGURED and document.origin is Origin.CONFIGURED
    return dropped and not found.failed(document.root)


def _reason(lost: int, had: int) -> str:
    return f"{lost} of its {had} documents are gone; they stay in the index until somebody says that this is meant: {CONFIRM}"
