"""What a proposed entry of a FAQ would push out of the first place, asked before it goes live. Nothing is written for it.

The entry is put beside what is in the index, in memory, with an index of words over both: the questions of a set are searched
with and without it, exactly as a customer's question would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from core.domain.errors import ConfigError
from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.chunk.chunker import Chunker
from knowledge.convert.faq import faq_document
from knowledge.documents import UnreadableDocument
from knowledge.embed.embedder import Embedder, TextRefused
from knowledge.evaluation.question_set import SAMPLE_QUESTIONS, Question, question_sets
from knowledge.process.searchable import Searchable
from knowledge.search.build import MANY, build_words, built_apart
from knowledge.search.corpus import Corpus, Filters
from knowledge.search.engine import search
from knowledge.search.joined import joined
from knowledge.search.language import function_words, language_of
from knowledge.search.memory import memory_corpus
from knowledge.search.wording import words_of
from knowledge.search.words import WordIndex
from knowledge.settings import KnowledgeSettings

Embed = Callable[[Sequence[str]], NDArray[np.float32]]

_PUBLIC = Filters(KnowledgeAudience.PUBLIC)
_TITLE = "Desk.faq"
"""What the file of approved answers is called by."""
_MOST_OWN = 25
"""Passages of the index that are asked for: only what is near can be pushed aside, and whoever presses waits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``displaced``: questions, each with its right answer. See core.domain.learning.Compared."""

    tried: int = 0
    displaced: tuple[tuple[str, str], ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its right answer in the first place now."""

    text: str
    vector: NDArray[np.float32]
    right: str
    is_right: Callable[[Passage], bool]


def regression_set(
    settings: KnowledgeSettings, embedder: Embedder, questions: Embed, documents: Embed
) -> RegressionSet:
    """What the settings name. ``questions`` and ``documents`` embed when nobody waits for an answer."""
    folder = settings.regression or _with_answers(settings.labelled) or SAMPLE_QUESTIONS
    return RegressionSet(folder, Chunker(embedder, settings.chunk_tokens), questions, documents)


def _with_answers(labelled: Path | None) -> Path | None:
    """Labelled questions, where they name their answers, which the threshold does not need."""
    try:
        return labelled if labelled is not None and question_sets(labelled, None) else None
    except ConfigError:
        return None


class RegressionSet:
    """The questions of a folder (see docs/reference/question-sets.md), read and embedded again when they have changed, and what
    the index itself has an answer to: entries of FAQs, approved ones included, and sections that are nearest to what is tried.

    Raises ConfigError when it is asked.
    """

    def __init__(self, folder: Path, chunker: Chunker, questions: Embed, documents: Embed) -> None:
        self._folder = folder
        self._chunker = chunker
        self._embed_questions = questions
        self._embed_documents = documents
        self._embedded: list[tuple[Question, NDArray[np.float32]]] = []
        self._stamp: object = None

    def compare(self, searchable: Searchable, question: str, answer: str) -> Outcome:
        """Each question whose right answer comes first, and would not beside this entry; and what is the right one."""
        try:
            document = faq_document([{"question": question, "answer": answer}], "", title=_TITLE)
            entry = memory_corpus([("", self._chunker.chunks(document))], self._embed_documents)
        except UnreadableDocument as error:
            return Outcome(refused=str(error).removeprefix("entry 1: "))
        except TextRefused as error:
            return Outcome(refused=error.detail)
        asked = {one.text: one for one in (*self._own(searchable, entry), *self._answered(searchable))}
        if not asked:
            return Outcome()
        beside = joined(searchable.corpus, entry)
        words = _words_of(beside)
        found: list[tuple[str, str]] = []
        for one in asked.values():
            now = search(beside, words, one.text, one.vector, _PUBLIC, 1)
            if not now or not one.is_right(now[0]):
                found.append((one.text, one.right))
        return Outcome(len(asked), tuple(found))

    def _answered(self, searchable: Searchable) -> Iterator[_Asked]:
        """The questions of the folder that have their right answer in the first place now."""
        for asked, vector in self._questions():
            for first in searchable.search(asked.text, vector, _PUBLIC, 1):
                if is_right(first, asked.relevant):
                    yield _Asked(asked.text, vector, _called(first), partial(is_right, relevant=asked.relevant))

    def _own(self, searchable: Searchable, entry: Corpus) -> Iterator[_Asked]:
        """What has its place now: an entry of a FAQ for its question and for the words of it, a section for its heading."""
        probes = {text: passage for passage in _nearest(searchable.corpus, entry) for text in _probes(passage)}
        vectors = self._embed_questions(list(probes)) if probes else ()
        for (text, passage), vector in zip(probes.items(), vectors, strict=True):
            for first in searchable.search(text, vector, _PUBLIC, 1):
                if _is_same(passage, first):
                    yield _Asked(text, vector, _called(passage), partial(_is_same, passage))

    def _questions(self) -> list[tuple[Question, NDArray[np.float32]]]:
        stamp = [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(self._folder.rglob("*.jsonl"))]
        if stamp != self._stamp:
            asked = [one for each in question_sets(self._folder, None) for one in each.questions]
            self._embedded = list(zip(asked, self._embed_questions([one.text for one in asked]), strict=True))
            self._stamp = stamp
        return self._embedded


def _nearest(corpus: Corpus, entry: Corpus) -> list[Passage]:
    """The passages for customers that an entry is most like, and could come before."""
    held = corpus.arrays
    if not len(held.vectors):
        return []
    alike = (held.vectors @ entry.arrays.vectors.T).max(axis=1)
    best = np.full(len(held.document_of), -np.inf, np.float32)
    np.maximum.at(best, held.passage_of, alike[held.vector_of])
    best[held.staff_only] = -np.inf
    rows = [int(row) for row in np.argsort(-best)[:_MOST_OWN] if best[row] > -np.inf]
    return list(corpus.passages(rows))


def _probes(passage: Passage) -> Iterator[str]:
    """What a customer might ask it by. Few write whole questions: most write the words that matter."""
    yield passage.question or passage.section or passage.title
    if passage.question:
        words = words_of(passage.question)
        silent = function_words().get(language_of(words) or "", frozenset())
        telling = [word for word in words if word not in silent]
        if len(telling) > 1:
            yield " ".join(telling)


def _called(passage: Passage) -> str:
    return passage.question or passage.section or passage.title


def _is_same(passage: Passage, found: Passage) -> bool:
    """The very entry, or the same section of a document."""
    if passage.question:
        return (found.id, found.source) == (passage.id, passage.source)
    return (found.source, found.section, found.question) == (passage.source, passage.section, None)


def is_right(passage: Passage, relevant: frozenset[str]) -> bool:
    """Whether a passage is of one of these documents: ``guide.md``, or ``faq.yaml#How do I …?`` for an entry of a FAQ."""
    sources = (passage.source, *passage.also)
    name = f"#{passage.question}" if passage.question else ""
    return any(f"/{source}{name}".endswith(f"/{one}") for source in sources for one in relevant)


def _words_of(corpus: Corpus) -> WordIndex:
    """Of a large one in a process of its own, so that no customer waits for it."""
    if len(corpus.arrays.document_of) >= MANY:
        with TemporaryDirectory(prefix="switchboard-trial-") as folder:
            place = Path(folder) / "words"
            if built_apart(corpus, place) and (found := WordIndex.load(place)) is not None:
                return found
    return build_words(corpus.texts(), corpus.arrays.document_of)
