"""Passages of the company's own documents, and what a search for them found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from core.domain.messages import Citation


class KnowledgeAudience(StrEnum):
    """Who may read a passage. A staff passage never reaches a customer, by any route."""

    PUBLIC = "public"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as retrieved. ``score`` is the cosine to the question, from -1 to 1; ``answer`` is set for FAQ entries.

    ``language`` is a two-letter code (ISO 639-1) where the source or the document itself says it; None is any. ``parent`` is the
    section that the passage is a part of, where it says more than ``content``; ``also`` are further sources that hold the same
    passage.
    """

    id: str
    document_id: str
    title: str
    content: str
    source: str
    score: float
    section: str | None = None
    page: int | None = None
    url: str | None = None
    category: str | None = None
    question: str | None = None
    answer: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    language: str | None = None
    parent: str | None = None
    also: tuple[str, ...] = ()

    @property
    def titled(self) -> str:
        """All that can be read of it, with the names of its place."""
        names = (self.title, self.section, self.category, self.question, self.parent or self.content)
        return "\n".join(name for name in names if name)

    def cite(self) -> Citation:
        """This passage as the source of a statement; the score is clamped to 0..1 for people."""
        return Citation(
            id=self.id,
            title=self.title,
            content=self.answer or self.content,
            source=self.source,
            score=round(min(1.0, max(0.0, self.score)), 4),
            section=self.section,
            page=self.page,
            url=self.url,
            category=self.category,
        )


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Passages, best first, and the score under which this knowledge base must not be quoted as an answer.

    There are three bands: from ``threshold`` on it may be answered, from ``doubt`` on it is worth asking back, and below that
    the knowledge has nothing and a person is offered. ``doubt`` is None where no second bound is known. ``meant``: the passage
    that the customer chose when they were asked back, which may be answered from whatever its score.

    ``talk``: the kind of talk (``complaint``, ``outage``, ...) where the words are no question. ``unknown``: the share of the
    question's words, by what they say, that no document holds. ``languages``: those of the documents, the commonest first.
    ``read``: a cross-encoder read each passage beside the question, and the scores are its own.
    """

    passages: tuple[Passage, ...]
    threshold: float
    doubt: float | None = None
    meant: str | None = None
    talk: str | None = None
    unknown: float = 0.0
    languages: tuple[str, ...] = ()
    read: bool = False

    @property
    def supported(self) -> tuple[Passage, ...]:
        """Only the passages that are good enough to answer from."""
        return tuple(one for one in self.passages if one.score >= self.threshold or one.id == self.meant)

    @property
    def doubtful(self) -> tuple[Passage, ...]:
        """Passages that may be meant, but are too far off to answer from: what to ask back about."""
        if self.doubt is None:
            return ()
        return tuple(passage for passage in self.passages if self.doubt <= passage.score < self.threshold)

    def about(self, meant: str | None) -> Retrieval:
        """With the passage that is meant before all others, where it was found."""
        if meant is None:
            return self
        return replace(self, passages=tuple(sorted(self.passages, key=lambda one: one.id != meant)), meant=meant)


@dataclass(frozen=True, slots=True)
class IndexProgress:
    """Where an index run stands: documents done of ``total``, and the one being worked on.

    ``together``: they are those of all sources that the run is about, not of one.
    """

    done: int
    total: int
    document: str
    stage: str = "embed"
    together: bool = False


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What an index run did about one source, in documents. ``id`` names the source without saying its address."""

    id: str
    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    failures: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did, in documents; ``chunks`` are the passages of the ``indexed`` ones alone.

    ``failures`` names a source and why it was not read; a source of which only parts were not read is there once for each.
    ``sample_left_out``: the sample documents have given way to the company's own. ``sources``: the same for each source.
    """

    indexed: int
    unchanged: int
    removed: int
    chunks: int
    failures: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    sample_left_out: bool = False
    sources: tuple[SourceReport, ...] = ()
