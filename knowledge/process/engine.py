"""What the knowledge process does: embed, search and index. Blocking; the worker gives it threads."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain.knowledge import IndexProgress, IndexReport, KnowledgeAudience
from knowledge.calibrate.calibrator import Calibrator, Embed
from knowledge.calibrate.labelled import read_labelled
from knowledge.chunk.chunker import Chunker
from knowledge.convert.remote import ConverterProcess
from knowledge.embed.embedder import Embedder
from knowledge.embed.queue import EmbeddingQueue, Vector
from knowledge.gaps.likeness import QuestionVectors
from knowledge.index.closing import close_now
from knowledge.index.opening import Index, open_index
from knowledge.index.order import IndexOrder, Origin
from knowledge.index.run import IndexRun
from knowledge.index.runs import RunEntry, RunLog
from knowledge.index.snapshot import EpochGone
from knowledge.process.frames import Frame
from knowledge.process.remeasuring import Remeasuring
from knowledge.process.searchable import Searchable, with_words
from knowledge.process.wire import passage_frame, progress_frame, report_frame
from knowledge.rerank.reading import Reading, ReadingCalibrator
from knowledge.rerank.retriever import CANDIDATES
from knowledge.search.build import keep_words_of
from knowledge.search.corpus import Filters
from knowledge.settings import KnowledgeSettings
from knowledge.sources import Catalog
from knowledge.talk.talk import Talk

if TYPE_CHECKING:
    from knowledge.evaluation.regression import RegressionSet

_PROGRESS_PAUSE = 0.05
_MOST_LANGUAGES = 3
_FOLLOWING_PAUSE = 1.0
"""Seconds between two looks at whether another process has indexed something."""


def calibrator_for(settings: KnowledgeSettings, embedder: Embedder) -> Calibrator:
    """Asks the model directly, until an engine puts its queue in between. Raises ConfigError for broken labels."""
    labelled = read_labelled(settings.labelled) if settings.labelled is not None else None
    return Calibrator(embedder.embed_questions, embedder.fingerprint, labelled)


def reading_for(settings: KnowledgeSettings, embedder: Embedder, embed: Embed) -> Reading | None:
    """None without RERANKER_MODEL, whose libraries are then not loaded. Raises ConfigError."""
    if settings.reranker_model is None:
        return None
    from knowledge.rerank.opening import open_reranker

    model = open_reranker(settings)
    if model is None:
        return None
    labelled = read_labelled(settings.labelled) if settings.labelled is not None else None
    calibrator = ReadingCalibrator(embed, embedder.fingerprint, labelled, model)
    return Reading(model, calibrator, settings.reranker_seconds)


def open_for_search(settings: KnowledgeSettings, fingerprint: str, calibrator: Calibrator) -> Index[Searchable]:
    """The index, ready to be searched. Raises what Chroma or the manifest's database raises when it is away."""
    return open_index(settings, fingerprint, with_words(words_folder(settings, fingerprint), calibrator))


def words_folder(settings: KnowledgeSettings, fingerprint: str) -> Path:
    """Where the words of a model's epochs are kept."""
    return settings.directory.parent / "knowledge" / "words" / fingerprint


class Engine:
    """One model and one index."""

    def __init__(
        self, settings: KnowledgeSettings, embedder: Embedder, index: Index[Searchable], calibrator: Calibrator
    ) -> None:
        self._settings = settings
        self._embedder = embedder
        self._queue = EmbeddingQueue(embedder)
        self._vectors = QuestionVectors(self._queue.questions)
        self._index = index
        self._regression: RegressionSet | None = None
        self._calibrator = calibrator
        self._remeasuring: Remeasuring | None = None
        self._reading = reading_for(settings, embedder, self._queue.questions)
        self._talk = Talk(self._queue.questions, words_folder(settings, embedder.fingerprint), embedder.fingerprint)
        calibrator.embed = self._talk.embed

    @property
    def model(self) -> str:
        """The model's name, for health pages."""
        return self._embedder.name

    def serve_embeddings(self) -> None:
        """Runs the model for everyone who asks; never returns."""
        self._queue.run()

    def follow(self, tell: Callable[[Frame], None]) -> None:
        """From now on takes in what other processes index, and measures what was not measured at once."""
        ended = threading.Event()
        again = Remeasuring(self._index.reader, self._calibrator, lambda: tell(self.state()))
        self._remeasuring, self._calibrator.later = again, True
        if self._reading is not None:
            threading.Thread(
                target=self._reading.follow, args=(self._index.reader, ended), name="read", daemon=True
            ).start()
        threading.Thread(target=self._talk.follow, args=(ended,), name="talk", daemon=True).start()
        threading.Thread(target=again.follow, args=(ended,), name="measure", daemon=True).start()
        if self._settings.chroma_url:  # an embedded index has no other process that could
            following = (_FOLLOWING_PAUSE, ended, lambda: tell(self.state()))
            threading.Thread(target=self._index.reader.follow, args=following, name="follow", daemon=True).start()

    def state(self) -> Frame:
        """What is in the index, in documents and passages, and whether its threshold was measured."""
        documents, passages = self._index.writer.counts()
        measured = not self._index.reader.current.bounds.provisional
        return {"documents": documents, "passages": passages, "measured": measured}

    def mended(self, query: str) -> str:
        """A question without its typing errors, as far as the knowledge's own words tell them."""
        return self._index.reader.current.words.mended(query, self._embedder.knows)

    def embed_question(self, query: str, until: float) -> Future[Vector]:
        """The vector of a question, if it can be had until then."""
        return self._queue.question(query, until)

    def likeness(self, request: Frame) -> list[list[float]]:
        """How much questions are alike: a row of cosines for each."""
        return self._vectors.cosines(request["texts"], request["among"])

    def search(self, request: Frame, vector: Vector) -> Frame:
        """Passages for an embedded question, best first, all of one epoch, and its bounds."""
        filters = Filters(KnowledgeAudience(request["audience"]), request["category"], request["language"])
        limit = int(request["limit"])
        wanted = limit if self._reading is None else max(limit, CANDIDATES)
        epoch = self._index.reader.current
        try:
            passages = epoch.search(request["query"], vector, filters, wanted)
        except EpochGone:
            self._index.reader.refresh()
            epoch = self._index.reader.current
            passages = epoch.search(request["query"], vector, filters, wanted)
        read = None if self._reading is None else self._reading.ordered(request["query"], passages)
        bounds = (read is not None and self._reading and self._reading.bounds) or epoch.bounds
        found = [passage_frame(passage) for passage in (passages if read is None else read)[:limit]]
        nearest = max((passage.score for passage in passages), default=-1.0)
        return {
            "passages": found,
            "threshold": bounds.answer,
            "doubt": bounds.doubt,
            "read": read is not None,
            "talk": self._talk.kind_of(vector, nearest),
            "unknown": epoch.words.unknown(request["query"]),
            "languages": epoch.words.languages[:_MOST_LANGUAGES],
        }

    def trial(self, request: Frame) -> Frame:
        """What an entry would push out of the first place. Nothing is written."""
        if self._regression is None:
            from knowledge.evaluation.regression import regression_set  # loads readers of documents

            self._regression = regression_set(
                self._settings, self._embedder, self._queue.questions, self._queue.documents
            )
        try:
            found = self._regression.compare(self._index.reader.current, request["question"], request["answer"])
        except EpochGone:
            self._index.reader.refresh()
            found = self._regression.compare(self._index.reader.current, request["question"], request["answer"])
        return {"tried": found.tried, "displaced": list(found.displaced), "refused": found.refused}

    def index(self, request: Frame, report: Callable[[Frame], None]) -> Frame:
        """One index run. The reading of documents happens in a process of its own, which ends with the run."""
        before = self._queue.embedded
        log = RunLog(self._index.database, self._index.fingerprint, time.time)
        with log.run() as entry, ConverterProcess(self._settings.convert_timeout) as reader:
            entry.report = self._run(request, reader, _recording(entry, _paced(report)))
        self._index.reader.refresh()
        if self._remeasuring is not None:  # what was indexed is searched already; whoever waits for the end asks next
            self._remeasuring.once()
        if not self._settings.chroma_url and request.get("drop_other_models"):  # of this folder nobody else has a model
            keep_words_of(words_folder(self._settings, self._embedder.fingerprint))
            self._index.writer.manifest.bounds.drop_others(self._calibrator.key)
        embeddings = self._queue.embedded - before
        return {"report": report_frame(entry.report), "embeddings": embeddings, **self.state()}

    def close_for_staff(self, request: Frame) -> Frame:
        """What customers must not find any more, with the next question. Of what is not in these sources nothing changes."""
        closed = close_now(self._index.writer, request["roots"], self._catalog(), time.time())
        if closed:
            self._index.reader.refresh()
        return {"closed": len(closed)}

    def _catalog(self) -> Catalog:
        return Catalog(self._settings.sources, self._settings.mirrors, self._settings.learned)

    def _run(self, request: Frame, reader: ConverterProcess, progress: Callable[[IndexProgress], None]) -> IndexReport:
        run = IndexRun(
            self._index.writer,
            Chunker(self._embedder, self._settings.chunk_tokens),
            reader,
            self._queue.documents,
            recipe=json.dumps([self._embedder.fingerprint, self._settings.chunk_tokens]),
            max_bytes=self._settings.max_file_bytes,
            clock=time.monotonic,
            committed=self._index.reader.refresh,
            catalog=self._catalog(),
        )
        return run.forget(request["roots"]) if request["forget"] else run.run(_order(request), progress)


def _order(request: Frame) -> IndexOrder:
    return IndexOrder(
        request["roots"],
        Origin(request["origin"]),
        stand_in=request["stand_in"],
        drop_other_models=request["drop_other_models"],
        confirm_deletions=request["confirm_deletions"],
        only=request["only"],
    )


def _recording(entry: RunEntry, tell: Callable[[IndexProgress], None]) -> Callable[[IndexProgress], None]:
    """Progress that the log of runs knows as well."""

    def both(progress: IndexProgress) -> None:
        entry.progress = progress
        tell(progress)

    return both


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
