"""A question to 34,000 passages, with filters and everything, beside the bare embedding of that question, in turns."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.report import Figure, Report
from bench.search_size import corpus_of, text_of
from core.domain.knowledge import KnowledgeAudience
from knowledge.embed.opening import open_embedder
from knowledge.search.build import words_for
from knowledge.search.corpus import Filters
from knowledge.search.engine import search
from knowledge.settings import KnowledgeSettings
from tests.servers.models import MODELS

PASSAGES, QUESTIONS = 34_000, 300
_LIMIT = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """Milliseconds for each question; seconds and megabytes for the words of an epoch."""

    embedding: list[float]
    whole: list[float]
    build: float
    disk: float


def measure(passages: int, questions: int) -> Measured:
    """Each question is embedded alone, and then embedded and searched: whatever else the machine does meets both alike."""
    corpus = corpus_of(passages)
    random = np.random.default_rng(2)
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        embedder = open_embedder(KnowledgeSettings(directory=Path(folder) / "chroma", models=MODELS))
        began = time.perf_counter()
        words = words_for(corpus, Path(folder) / "words")
        build = time.perf_counter() - began
        disk = sum(path.stat().st_size for path in (Path(folder) / "words").rglob("*") if path.is_file()) / 2**20
        embedding, whole = [], []
        for number in range(questions):
            question = text_of(random, 12)
            filters = Filters(KnowledgeAudience.PUBLIC, f"category {number % 4}", "en")
            began = time.perf_counter()
            embedder.embed_questions([question])
            between = time.perf_counter()
            vector = np.asarray(embedder.embed_questions([question]), np.float32)[0]
            found = search(corpus, words, question, vector, filters, _LIMIT)
            ended = time.perf_counter()
            assert len(found) == _LIMIT
            embedding.append((between - began) * 1000)
            whole.append((ended - between) * 1000)
    return Measured(embedding, whole, build, disk)


def run(report: Report) -> None:
    """The aim is that a search with filters costs at most three times the bare embedding."""
    found = measure(PASSAGES, QUESTIONS)
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        bare, whole = (float(np.quantile(each, share)) for each in (found.embedding, found.whole))
        title = f"search, {PASSAGES:,} passages with filters, {name}"
        report.add(Figure(title, whole, "ms", bare, "the bare embedding", "3 of it"))
    report.add(Figure("search: building the words of an epoch", found.build, "s"))
    report.add(Figure("search: the words of an epoch on the disk", found.disk, "MB"))
