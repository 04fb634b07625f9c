"""What an index run writes: vectors to Chroma as it goes, documents to the manifest, and one number that shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from core.domain.knowledge import KnowledgeAudience
from knowledge.documents import Chunk
from knowledge.embed.embedder import TextRefused
from knowledge.index import elsewhere
from knowledge.index.chroma_process import AnyChroma
from knowledge.index.database import ManifestDatabase
from knowledge.index.fetches import Fetches
from knowledge.index.generations import compact, remove_others
from knowledge.index.manifest import GenerationChanged, Manifest
from knowledge.index.passages import rows_of
from knowledge.index.records import IndexedDocument
from knowledge.index.unread import Unread
from knowledge.index.vectors import Vectors, key_of, remove_files, was_removed

Embed = Callable[[Sequence[str]], ArrayLike]

_EMBEDDED_AT_ONCE = 256
"""Texts after which vectors are stored: a run that is killed embeds no more than these again."""
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that is read and cut, on its way into the index."""

    document: IndexedDocument
    chunks: Sequence[Chunk]


class IndexWriter:
    """Blocking; for one run at a time."""

    def __init__(self, client: AnyChroma, database: ManifestDatabase, fingerprint: str) -> None:
        self._client = client
        self._database = database
        self.manifest = Manifest(database, fingerprint)
        self.fetches = Fetches(database, fingerprint)
        self.unread = Unread(database, fingerprint)

    def documents(self) -> dict[str, IndexedDocument]:
        """Every document by id, those of a run that was cut off included."""
        return self.manifest.documents()

    def counts(self) -> tuple[int, int]:
        """Documents and passages that readers see."""
        pointer = self.manifest.pointer()
        return pointer.documents, pointer.passages

    def store(self, batch: Sequence[Prepared], embed: Embed) -> None:
        """Puts documents in the place of their last versions; only texts that have no vector yet are embedded."""
        rows = [(each.document, rows_of(each.document, each.chunks)) for each in batch]
        texts = {key_of(text): text for each in batch for chunk in each.chunks for text in chunk.embedded}
        for _ in range(_TRIES):
            vectors = self._vectors()
            try:
                self._embed(vectors, texts, embed)
                self.manifest.stage(rows, vectors.generation)
            except GenerationChanged:
                continue
            except Exception as error:
                if not was_removed(error) or self.manifest.pointer().generation == vectors.generation:
                    raise
                continue
            return
        raise RuntimeError("the vectors moved again and again while documents were written")

    def note(self, document: IndexedDocument) -> None:
        """Writes what is known of a document, and nothing of its passages."""
        self.manifest.note(document)

    def remove(self, identities: Sequence[str]) -> None:
        """Takes documents out."""
        self.manifest.remove(identities)

    def close(self, identities: Iterable[str]) -> set[str]:
        """Lets only staff find these documents, at once; which of them customers could find until now."""
        return self.manifest.close(identities)

    def narrow(self, identity: str, chunks: Sequence[Chunk]) -> bool:
        """Closes at once what a new version of a document keeps for staff. Whether there was anything."""
        staff = {chunk.content for chunk in chunks if chunk.audience is KnowledgeAudience.STAFF}
        public = {chunk.content for chunk in chunks if chunk.audience is KnowledgeAudience.PUBLIC}
        return bool(staff) and self.manifest.narrow(identity, staff=staff, public=public)

    def roll_back(self, kept: Collection[str] = ()) -> bool:
        """Puts back what a run that was cut off has written about other roots than these. Whether there was anything."""
        return self.manifest.roll_back(kept)

    def sharing(self, identities: Iterable[str], others: Iterable[str]) -> set[str]:
        """Which of these documents hold a passage that one of the others holds, too."""
        return self.manifest.sharing(identities, others)

    def refused(self, chunks: Sequence[Chunk], embed: Embed) -> dict[int, str]:
        """Those that the model takes a text of not, by their place, and why. The vectors of the others are kept for ``store``."""
        vectors, found = self._vectors(), {}
        for place, chunk in enumerate(chunks):
            try:
                self._embed(vectors, {key_of(text): text for text in chunk.embedded}, embed)
            except TextRefused as error:
                found[place] = " ".join(error.detail.split())
        return found

    def commit(self, *, anew: bool = False) -> bool:
        """Lets readers see it; with ``anew`` they look again although nothing is new. Whether there was anything."""
        before = self.manifest.pointer().epoch
        return self.manifest.commit(anew=anew).epoch != before

    def tidy(self) -> None:
        """Leaves dead vectors behind where there are many, and removes what a killed run may have left."""
        compact(self._client, self.manifest)
        if remove_others(self._client, self.manifest, of_other_models=False):
            self._remove_files()

    def incomplete(self) -> set[str]:
        """Documents whose vectors are not all there: somebody removed Chroma's folder, or lost power.

        Each key is asked for: a count would let dead vectors stand for missing ones. 34,000 take half a second.
        """
        missing = self._vectors().missing([int(key) for key in self.manifest.live_keys()])
        return self.manifest.documents_with(np.array(missing, np.uint64)) if missing else set()

    def roots_of_other_models(self) -> tuple[str, ...]:
        """What was named while another model was in use: its documents must follow before that model's index goes."""
        return elsewhere.named_roots(self._database, self.manifest.fingerprint)

    def forget_in_other_models(self, root: str) -> bool:
        """A root that was taken out must not follow from another model's index. Whether there was one."""
        return elsewhere.forget(self._database, self.manifest.fingerprint, root)

    def drop_other_models(self) -> None:
        """Removes what models that are no longer used have left; called after a run that left nothing out."""
        elsewhere.drop(self._database, self.manifest.fingerprint)
        if remove_others(self._client, self.manifest, of_other_models=True):
            self._remove_files()

    def _remove_files(self) -> None:
        """What an embedded Chroma keeps of collections that were deleted, on the disk and in memory."""
        if self._client.directory is not None:
            self._client.close()
            remove_files(self._client.directory)

    def _vectors(self) -> Vectors:
        return Vectors(self._client, self.manifest.collections, self.manifest.pointer().generation)

    def _embed(self, vectors: Vectors, texts: dict[int, str], embed: Embed) -> None:
        missing = vectors.missing(list(texts))
        for start in range(0, len(missing), _EMBEDDED_AT_ONCE):
            keys = missing[start : start + _EMBEDDED_AT_ONCE]
            vectors.put(keys, np.asarray(embed([texts[key] for key in keys]), np.float32))
