"""Haystack: DocumentSplitter, its sentence-transformers embedders and the in-memory store, saved to disk."""

from __future__ import annotations

from collections.abc import Sequence

from haystack import Document
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.utils import ComponentDevice
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from bench.beside.contract import PASSAGES, Task, Text, model_folder, run

_TOKENS_PER_WORD = 1.3


class Haystack:
    """See bench.beside.contract.Subject."""

    def __init__(self, task: Task) -> None:
        self._folder = task.folder
        options = {
            "model": model_folder(),
            "device": ComponentDevice.from_str("cpu"),
            "progress_bar": False,
            "normalize_embeddings": True,
        }
        self._documents = SentenceTransformersDocumentEmbedder(**options)
        self._questions = SentenceTransformersTextEmbedder(**options)
        for component in (self._documents, self._questions):
            component.warm_up()
        self._splitter = (
            DocumentSplitter(split_by="word", split_length=int(task.tokens / _TOKENS_PER_WORD))
            if task.tokens
            else DocumentSplitter()
        )
        self._splitter.warm_up()
        self._store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
        self._retriever = InMemoryEmbeddingRetriever(self._store, top_k=PASSAGES)
        self.passages = 0

    def index(self, documents: Sequence[Text]) -> None:
        """See Subject.index."""
        whole = [Document(content=document.whole, meta={"known_as": document.id}) for document in documents]
        pieces = self._splitter.run(documents=whole)["documents"]
        embedded = self._documents.run(documents=pieces)["documents"]
        self._store.write_documents(embedded)
        self._store.save_to_disk(str(self._folder / "store.json"))
        self.passages = len(embedded)

    def ask(self, question: str) -> Sequence[str]:
        """See Subject.ask."""
        vector = self._questions.run(text=question)["embedding"]
        found = self._retriever.run(query_embedding=vector)["documents"]
        return [document.meta["known_as"] for document in found]


if __name__ == "__main__":
    run(Haystack)
