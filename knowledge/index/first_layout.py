"""The index as it was first kept, wholly in Chroma: what somebody had named is taken over, and then it goes.

Its collections were called ``switchboard-documents-…``, ``switchboard-public-…`` and ``switchboard-staff-…``. Those that
came after it, ``switchboard-vectors-…``, did not say whose they are: in a server they may be another hub's, and stay.
"""

from __future__ import annotations

from typing import Any

from knowledge.index.client import EmbeddedChroma
from knowledge.index.order import Origin

_KINDS = ("documents", "public", "staff")


def named_roots(client: Any) -> set[str]:
    """What somebody named: nobody will name it a second time."""
    roots: set[str] = set()
    for manifest in _collections(client, _KINDS[:1]):
        found = manifest.get(where={"origin": Origin.NAMED.value}, include=["metadatas"])
        roots.update(str(metadata["root"]) for metadata in found["metadatas"])
    return roots


def forget(client: Any, root: str) -> bool:
    """A root that was taken out must not be taken over. Whether it was there."""
    there = False
    for manifest in _collections(client, _KINDS[:1]):
        ids = manifest.get(where={"root": root}, include=[])["ids"]
        there = there or bool(ids)
        for start in range(0, len(ids), 500):
            manifest.delete(ids=ids[start : start + 500])
    return there


def drop(client: Any) -> bool:
    """Removes it. Whether there was one."""
    leaving = _collections(client, (*_KINDS, "vectors") if isinstance(client, EmbeddedChroma) else _KINDS)
    for collection in leaving:
        client.delete_collection(collection.name)
    return bool(leaving)


def _collections(client: Any, kinds: tuple[str, ...]) -> list[Any]:
    starts = tuple(f"switchboard-{kind}-" for kind in kinds)
    names = [collection.name for collection in client.list_collections()]
    return [client.get_collection(name, embedding_function=None) for name in names if name.startswith(starts)]
