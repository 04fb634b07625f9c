"""What the knowledge process does: embed, search and index. Blocking; the worker gives it threads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import Future

from core.domain.knowledge import IndexProgress, KnowledgeAudience
from knowledge.chunk.chunker import Chunker
from knowledge.convert.remote import ConverterProcess
from knowledge.embed.embedder import Embedder
from knowledge.embed.queue import EmbeddingQueue, Vector
from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.index.client import open_chroma
from knowledge.index.order import IndexOrder, Origin
from knowledge.index.run import IndexRun
from knowledge.index.store import ChromaIndex
from knowledge.process.frames import Frame
from knowledge.process.wire import passage_frame, progress_frame, report_frame
from knowledge.settings import KnowledgeSettings

_PROGRESS_PAUSE = 0.05
_LAYOUT = 2
"""Raise it when vectors that are there already must not be kept: the index is then built anew, as for another model."""


def load_embedder(settings: KnowledgeSettings) -> Embedder:
    """The model, ready for its first question; takes seconds. Raises ConfigError."""
    embedder = SentenceTransformerEmbedder(
        settings.embedding_model,
        question_prompt=settings.query_prompt,
        document_prompt=settings.document_prompt,
        threads=settings.threads,
    )
    embedder.embed_questions(["warm up"])
    return embedder


def open_index(settings: KnowledgeSettings, fingerprint: str) -> ChromaIndex:
    """The index for this model's vectors. Raises what Chroma raises when its server is away."""
    return ChromaIndex(open_chroma(settings.directory, settings.chroma_url), f"{fingerprint}-{_LAYOUT}")


class Engine:
    """One model and one index."""

    def __init__(self, settings: KnowledgeSettings, embedder: Embedder, store: ChromaIndex) -> None:
        self._settings = settings
        self._embedder = embedder
        self._queue = EmbeddingQueue(embedder)
        self._store = store

    @property
    def model(self) -> str:
        """The model's name, by which its threshold is known."""
        return self._embedder.name

    def serve_embeddings(self) -> None:
        """Runs the model for everyone who asks; never returns."""
        self._queue.run()

    def counts(self) -> tuple[int, int]:
        """Documents and passages in the index."""
        return self._store.counts()

    def embed_question(self, query: str) -> Future[Vector]:
        """The vector of a question."""
        return self._queue.question(query)

    def search(self, request: Frame, vector: Vector) -> list[Frame]:
        """Passages for an embedded question, best first."""
        passages = self._store.search(
            vector,
            limit=int(request["limit"]),
            category=request["category"],
            audience=KnowledgeAudience(request["audience"]),
        )
        return [passage_frame(passage) for passage in passages]

    def index(self, request: Frame, report: Callable[[Frame], None]) -> Frame:
        """One index run. The reading of documents happens in a process of its own, which ends with the run."""
        before = self._queue.embedded
        settings = self._settings
        with ConverterProcess(settings.convert_timeout) as reader:
            run = IndexRun(
                self._store,
                Chunker(self._embedder, settings.chunk_tokens),
                reader,
                self._queue.documents,
                recipe=json.dumps([self._embedder.fingerprint, settings.chunk_tokens]),
                max_bytes=settings.max_file_bytes,
                clock=time.monotonic,
            )
            result = run.forget(request["roots"]) if request["forget"] else run.run(_order(request), _paced(report))
        documents, passages = self.counts()
        embeddings = self._queue.embedded - before
        return {"report": report_frame(result), "documents": documents, "passages": passages, "embeddings": embeddings}


def _order(request: Frame) -> IndexOrder:
    return IndexOrder(
        request["roots"],
        Origin(request["origin"]),
        stand_in=request["stand_in"],
        drop_other_models=request["drop_other_models"],
    )


def _paced(report: Callable[[Frame], None]) -> Callable[[IndexProgress], None]:
    """Not every document's step is told: thousands of unchanged ones would only fill the pipe. The last one always is."""
    last = 0.0

    def tell(progress: IndexProgress) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _PROGRESS_PAUSE or progress.stage == "done":
            last = now
            report(progress_frame(progress))

    return tell
