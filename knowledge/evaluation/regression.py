"""What a proposed entry of a FAQ would push out of the first place, asked before it goes live. Nothing is written for it.

The entry is put beside what is in the index, in memory, with an index of words over both: the questions of a set are searched
with and without it, exactly as a customer's question would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.chunk.chunker import Chunker
from knowledge.documents import Document, FaqEntry
from knowledge.embed.embedder import Embedder
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, Question, question_sets
from knowledge.process.searchable import Searchable
from knowledge.search.build import MANY, build_words, built_apart
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.engine import search
from knowledge.search.joined import joined
from knowledge.search.memory import memory_corpus
from knowledge.search.words import WordIndex
from knowledge.settings import KnowledgeSettings

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_PUBLIC = Filters(KnowledgeAudience.PUBLIC)
_TITLE = "Desk.faq"
"""What the file of approved answers is called by."""


def regression_set(
    settings: KnowledgeSettings, embedder: Embedder, questions: Embed, documents: Embed
) -> RegressionSet:
    """What the settings name. ``questions`` and ``documents`` embed when nobody waits for an answer."""
    folder = settings.regression or SAMPLE_QUESTIONS
    return RegressionSet(folder, Chunker(embedder, settings.chunk_tokens), questions, documents)


class RegressionSet:
    """The questions of a folder (see docs/reference/question-sets.md), embedded once. Raises ConfigError when it is asked."""

    def __init__(self, folder: Path, chunker: Chunker, questions: Embed, documents: Embed) -> None:
        self._folder = folder
        self._chunker = chunker
        self._embed_questions = questions
        self._embed_documents = documents
        self._embedded: list[tuple[Question, NDArray[np.float32]]] | None = None

    def displaced(self, searchable: Searchable, question: str, answer: str) -> list[tuple[str, str]]:
        """Each question whose right answer comes first, and would not beside this entry; and what is the right one."""
        right = list(self._answered(searchable))
        if not right:
            return []
        entry = self._chunker.chunks(Document(_TITLE, entries=(FaqEntry(question, answer),)))
        beside = joined(searchable.corpus, memory_corpus([("", entry)], self._embed_documents))
        words = _words_of(beside)
        found: list[tuple[str, str]] = []
        for asked, vector, first in right:
            now = search(beside, words, asked.text, vector, _PUBLIC, 1)
            if not now or not is_right(now[0], asked.relevant):
                found.append((asked.text, first.question or first.section or first.title))
        return found

    def _answered(self, searchable: Searchable) -> Iterator[tuple[Question, NDArray[np.float32], Passage]]:
        """The questions that have their right answer in the first place now."""
        for asked, vector in self._questions():
            for first in searchable.search(asked.text, vector, _PUBLIC, 1):
                if is_right(first, asked.relevant):
                    yield asked, vector, first

    def _questions(self) -> list[tuple[Question, NDArray[np.float32]]]:
        if self._embedded is None:
            asked = [one for each in question_sets(self._folder, None) for one in each.questions]
            self._embedded = list(zip(asked, self._embed_questions([one.text for one in asked]), strict=True))
        return self._embedded


def is_right(passage: Passage, relevant: frozenset[str]) -> bool:
    """Whether a passage is of one of these documents: ``guide.md``, or ``faq.yaml#How do I …?`` for an entry of a FAQ."""
    sources = (passage.source, *passage.also)
    name = f"#{passage.question}" if passage.question else ""
    return any(f"/{source}{name}".endswith(f"/{one}") for source in sources for one in relevant)


def _words_of(corpus: Corpus) -> WordIndex:
    """Of a large one in a process of its own, so that no customer waits for it."""
    if len(corpus.document_of) >= MANY:
        with TemporaryDirectory(prefix="switchboard-trial-") as folder:
            place = Path(folder) / "words"
            if built_apart(corpus, place) and (found := WordIndex.load(place)) is not None:
                return found
    return build_words(corpus.texts(), corpus.document_of)
