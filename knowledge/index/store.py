"""The index in Chroma: one collection for what customers may read, one for staff, one that lists the documents.

Staff passages live apart, so that a search for a customer cannot meet them, whatever else goes wrong. The names
of the collections hold the fingerprint of the model, so that vectors of two models are never mixed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.index.order import Origin
from knowledge.index.records import IndexedDocument, Record, category_key, passage_of

_PREFIX = "switchboard"
_COSINE = {"hnsw": {"space": "cosine"}}
_BATCH = 500
_MANIFEST_FIELDS = ("digest", "source", "root", "chunks")


class ChromaIndex:
    """Blocking; safe to search from several threads while one writes. Writers take turns by themselves."""

    def __init__(self, client: Any, fingerprint: str) -> None:
        self._client = client
        self._fingerprint = fingerprint
        self._manifest = self._collection("documents")
        self._passages = {audience: self._collection(audience.value) for audience in KnowledgeAudience}

    def documents(self) -> dict[str, IndexedDocument]:
        """Every document that is completely in the index, by id."""
        found: dict[str, IndexedDocument] = {}
        offset = 0
        while True:
            page = self._manifest.get(include=["metadatas"], limit=_BATCH, offset=offset)
            for identity, metadata in zip(page["ids"], page["metadatas"], strict=True):
                fields = {name: metadata[name] for name in _MANIFEST_FIELDS}
                origin = Origin(metadata.get("origin", Origin.NAMED))
                problems = tuple(str(metadata.get("problems") or "").splitlines())
                found[identity] = IndexedDocument(id=identity, **fields, origin=origin, problems=problems)
            if len(page["ids"]) < _BATCH:
                return found
            offset += _BATCH

    def counts(self) -> tuple[int, int]:
        """Documents and passages, as an index run counts them. There are more vectors: an answer of a FAQ has several."""
        documents = self.documents().values()
        return len(documents), sum(document.chunks for document in documents)

    def replace(
        self,
        document: IndexedDocument,
        records: Mapping[KnowledgeAudience, Sequence[Record]],
        embed: Callable[[Sequence[str]], list[list[float]]],
    ) -> None:
        """Puts a document in the place of its last version. Only texts that are new to it are embedded.

        The list of documents is written last: after a crash in between, the next run does this document again.
        """
        for audience, collection in self._passages.items():
            wanted = {record.id: record for record in records[audience]}
            present = set(collection.get(where={"document_id": document.id}, include=[])["ids"])
            self._upsert(collection, [record for name, record in wanted.items() if name not in present], embed)
            self._describe(collection, [record for name, record in wanted.items() if name in present])
            self._delete(collection, sorted(present - wanted.keys()))
        self.note(document)

    def note(self, document: IndexedDocument) -> None:
        """Write a document into the list of documents, and nothing else."""
        metadata = {name: getattr(document, name) for name in _MANIFEST_FIELDS}
        metadata |= {"origin": document.origin.value, "problems": "\n".join(document.problems)}
        self._manifest.upsert(ids=[document.id], embeddings=[_place(document.id)], metadatas=[metadata])

    def remove(self, document_id: str) -> None:
        """Takes a document and all its passages out."""
        for collection in self._passages.values():
            self._delete(collection, collection.get(where={"document_id": document_id}, include=[])["ids"])
        self._manifest.delete(ids=[document_id])

    def search(
        self, vector: Sequence[float], *, limit: int, category: str | None, audience: KnowledgeAudience
    ) -> list[Passage]:
        """Passages by falling cosine, each once. Staff sees both collections, customers one."""
        allowed = (KnowledgeAudience.PUBLIC,) if audience is KnowledgeAudience.PUBLIC else tuple(KnowledgeAudience)
        found = [
            passage for each in allowed for passage in self._nearest(self._passages[each], vector, limit, category)
        ]
        best: dict[str, Passage] = {}
        for passage in sorted(found, key=lambda passage: -passage.score):
            best.setdefault(passage.id, passage)
        return list(best.values())[:limit]

    def drop_other_models(self) -> None:
        """Removes the collections of models that are no longer used; called after a run that left nothing out."""
        for collection in self._client.list_collections():
            if collection.name.startswith(f"{_PREFIX}-") and not collection.name.endswith(self._fingerprint):
                self._client.delete_collection(collection.name)

    def roots_of_other_models(self) -> tuple[str, ...]:
        """What was named while another model was in use: its documents must follow before that model's index goes."""
        roots: set[str] = set()
        for manifest in self._other_manifests():
            found = manifest.get(where={"origin": Origin.NAMED.value}, include=["metadatas"])
            roots.update(metadata["root"] for metadata in found["metadatas"])
        return tuple(sorted(roots))

    def forget_in_other_models(self, root: str) -> bool:
        """A root that was taken out must not follow from another model's index. Whether there was one."""
        there = False
        for manifest in self._other_manifests():
            ids = manifest.get(where={"root": root}, include=[])["ids"]
            self._delete(manifest, ids)
            there = there or bool(ids)
        return there

    def _other_manifests(self) -> list[Any]:
        names = [collection.name for collection in self._client.list_collections()]
        others = (name for name in names if name.startswith(f"{_PREFIX}-documents-"))
        return [
            self._client.get_collection(name, embedding_function=None)
            for name in others
            if not name.endswith(self._fingerprint)
        ]

    def _nearest(self, collection: Any, vector: Sequence[float], limit: int, category: str | None) -> list[Passage]:
        where = {"category_key": category_key(category)} if category else None
        result = collection.query(
            query_embeddings=[list(vector)],
            n_results=limit * 3,
            where=where,
            include=["metadatas", "documents", "distances"],
        )
        rows = zip(result["documents"][0], result["metadatas"][0], result["distances"][0], strict=True)
        return [passage_of(content or "", metadata, 1.0 - float(distance)) for content, metadata, distance in rows]

    def _upsert(
        self, collection: Any, records: Sequence[Record], embed: Callable[[Sequence[str]], list[list[float]]]
    ) -> None:
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            collection.upsert(
                ids=[record.id for record in batch],
                embeddings=embed([record.text for record in batch]),
                documents=[record.content for record in batch],
                metadatas=[dict(record.metadata) for record in batch],
            )

    def _describe(self, collection: Any, records: Sequence[Record]) -> None:
        """New metadata for vectors that stay. Fields that went away are set to nothing, since Chroma merges."""
        for start in range(0, len(records), _BATCH):
            batch = records[start : start + _BATCH]
            old = collection.get(ids=[record.id for record in batch], include=["metadatas"])
            known = dict(zip(old["ids"], old["metadatas"], strict=True))
            changed = [record for record in batch if dict(record.metadata) != known.get(record.id)]
            if changed:
                collection.update(
                    ids=[record.id for record in changed],
                    metadatas=[{**dict.fromkeys(known.get(r.id) or {}), **r.metadata} for r in changed],
                )

    def _delete(self, collection: Any, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), _BATCH):
            collection.delete(ids=list(ids[start : start + _BATCH]))

    def _collection(self, name: str) -> Any:
        return self._client.get_or_create_collection(
            f"{_PREFIX}-{name}-{self._fingerprint}", configuration=_COSINE, embedding_function=None
        )


def _place(document_id: str) -> list[float]:
    """A vector for a record that is never searched for; different ones keep Chroma's graph from degenerating."""
    angle = int(document_id[:8], 16) / 0xFFFFFFFF * 2 * math.pi
    return [math.cos(angle), math.sin(angle)]
