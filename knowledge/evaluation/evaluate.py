"""Asks a question set, with our search and by meaning alone, and measures both."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.calibrate.bounds import Bounds
from knowledge.calibrate.calibrator import Calibrator
from knowledge.calibrate.labelled import LabelledQuestions
from knowledge.chunk.chunker import Chunker
from knowledge.documents import SourceFile
from knowledge.embed.embedder import Embedder
from knowledge.evaluation.measures import Ranking, auroc, difference, hit, ndcg, reciprocal_rank
from knowledge.evaluation.question_set import Question, QuestionSet
from knowledge.search.build import build_words
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.search.memory import MemoryCorpus, memory_corpus
from knowledge.search.words import WordIndex

_PUBLIC = Filters(KnowledgeAudience.PUBLIC)
_DEEP, _SHOWN = 50, 5
"""Passages that are ranked for the measures, and those that an answer is made of."""
_BATCH = 32


@dataclass(frozen=True, slots=True)
class Abstaining:
    """``kept`` and ``let_through`` are shares at the threshold, of all and of each language and kind."""

    threshold: float
    doubt: float
    auroc: float | None
    auroc_cosine: float | None
    kept: float
    let_through: float | None
    through_by_kind: dict[str, float]
    kept_by_language: dict[str, float]


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds for a question, the embedding included, and for the embedding alone."""

    p50: float
    p99: float
    embedding_p50: float


@dataclass(frozen=True, slots=True)
class Result:
    """One set. The differences are ours less dense, each with its bounds of 95 %."""

    name: str
    documents: int
    passages: int
    questions: int
    foreign: int
    ours: Ranking
    dense: Ranking
    ndcg_difference: tuple[float, float, float]
    hit5_difference: tuple[float, float, float]
    abstaining: Abstaining
    latency: Latency


@dataclass(slots=True)
class _Asked:
    """What came back for one question."""

    ours: list[str]
    dense: list[str]
    score: float
    cosine: float


class Evaluation:
    """One model over any number of sets. ``files``: the documents that sets without some of their own ask.

    ``labelled``: the company's own questions that its threshold is measured with, as the hub does it.
    """

    def __init__(
        self,
        embedder: Embedder,
        chunk_tokens: int,
        files: Sequence[SourceFile],
        tell: Callable[[str], None] = lambda _: None,
        labelled: LabelledQuestions | None = None,
    ) -> None:
        self._embedder = embedder
        self._chunker = Chunker(embedder, chunk_tokens)
        self._files = files
        self._tell = tell
        self._calibrator = Calibrator(self._questions, embedder.fingerprint, labelled=labelled)

    def run(self, chosen: QuestionSet, threshold: float | None = None) -> Result:
        """Takes a minute or so for a thousand passages. ``threshold``: what is configured in place of a measured one."""
        self._tell(f"{chosen.name}: embedding the documents")
        documents = chosen.chunked(self._chunker, self._files)
        chosen = chosen.about(documents)
        corpus = memory_corpus(documents, self._documents)
        words = build_words(corpus.texts(), corpus.arrays.document_of)
        bounds = self._calibrator.bounds(corpus, words.languages)
        if threshold is not None:
            bounds = Bounds(threshold, min(bounds.doubt, threshold))
        self._tell(f"{chosen.name}: asking {len(chosen.questions) + len(chosen.foreign)} questions")
        spent: list[tuple[float, float]] = []
        inside = [self._ask(corpus, words, each.text, spent) for each in chosen.questions]
        outside = [self._ask(corpus, words, each.text, spent) for each in chosen.foreign]
        return Result(
            name=chosen.name,
            documents=len(documents),
            passages=len(corpus.held),
            questions=len(inside),
            foreign=len(outside),
            ours=_ranking([each.ours for each in inside], chosen.questions),
            dense=_ranking([each.dense for each in inside], chosen.questions),
            ndcg_difference=_compared(inside, chosen.questions, ndcg),
            hit5_difference=_compared(inside, chosen.questions, lambda ranked, wanted: hit(ranked, wanted, _SHOWN)),
            abstaining=_abstaining(bounds, inside, outside, chosen),
            latency=_latency(spent),
        )

    def _ask(self, corpus: MemoryCorpus, words: WordIndex, text: str, spent: list[tuple[float, float]]) -> _Asked:
        started = time.perf_counter()
        vector = self._questions([text])[0]
        embedded = time.perf_counter()
        shown = search(corpus, words, text, vector, _PUBLIC, _SHOWN)
        spent.append((time.perf_counter() - started, embedded - started))
        ours = search(corpus, words, text, vector, _PUBLIC, _DEEP)
        dense = search(corpus, None, text, vector, _PUBLIC, _DEEP)
        best = max((passage.score for passage in shown), default=-1.0)
        return _Asked(_names(ours), _names(dense), best, max((passage.score for passage in dense), default=-1.0))

    def _questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(self._embedder.embed_questions(list(texts)), np.float32)

    def _documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Like lengths together, so that little of a batch is padding."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        rows: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            vectors = np.asarray(self._embedder.embed_documents([texts[at] for at in places]), np.float32)
            rows.update(zip(places, vectors, strict=True))
        return np.stack([rows[at] for at in range(len(texts))])


def _names(passages: Sequence[Passage]) -> list[str]:
    """The documents in the order in which they are first met."""
    return list(dict.fromkeys(name for passage in passages for name in (passage.source, *passage.also)))


def _ranking(ranked: Sequence[list[str]], questions: Sequence[Question]) -> Ranking:
    pairs = [(names, question.relevant) for names, question in zip(ranked, questions, strict=True)]
    return Ranking(
        ndcg=float(np.mean([ndcg(*pair) for pair in pairs])),
        mrr=float(np.mean([reciprocal_rank(*pair) for pair in pairs])),
        hit1=float(np.mean([hit(*pair, 1) for pair in pairs])),
        hit5=float(np.mean([hit(*pair, _SHOWN) for pair in pairs])),
    )


def _compared(
    asked: Sequence[_Asked], questions: Sequence[Question], measure: Callable[[list[str], frozenset[str]], float]
) -> tuple[float, float, float]:
    pairs = list(zip(asked, questions, strict=True))
    return difference(
        [measure(one.ours, question.relevant) for one, question in pairs],
        [measure(one.dense, question.relevant) for one, question in pairs],
    )


def _abstaining(bounds: Bounds, inside: Sequence[_Asked], outside: Sequence[_Asked], chosen: QuestionSet) -> Abstaining:
    known, foreign = (np.array([each.score for each in some], np.float32) for some in (inside, outside))
    cosines = [np.array([each.cosine for each in some], np.float32) for some in (inside, outside)]
    kept, through = known >= bounds.answer, foreign >= bounds.answer
    return Abstaining(
        threshold=bounds.answer,
        doubt=bounds.doubt,
        auroc=auroc(known, foreign),
        auroc_cosine=auroc(*cosines),
        kept=float(np.mean(kept)),
        let_through=float(np.mean(through)) if len(outside) else None,
        through_by_kind=_by([each.kind for each in chosen.foreign], through),
        kept_by_language=_by([each.language for each in chosen.questions], kept),
    )


def _by(names: Sequence[str], held: NDArray[np.bool_]) -> dict[str, float]:
    of = np.array(names)
    return {name: float(np.mean(held[of == name])) for name in sorted(set(names))}


def _latency(spent: Sequence[tuple[float, float]]) -> Latency:
    whole, embedding = (np.array(column) * 1000 for column in zip(*spent, strict=True))
    return Latency(float(np.quantile(whole, 0.5)), float(np.quantile(whole, 0.99)), float(np.quantile(embedding, 0.5)))
