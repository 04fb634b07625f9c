"""The shape of what the index holds, and how it goes through Chroma's flat metadata."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.documents import Chunk
from knowledge.index.order import Origin


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    """A document as the index knows it. ``digest`` covers the file and everything that decides how it is cut.

    ``problems``: what of it could not be read, so that a later run over the unchanged file says it again.
    """

    id: str
    digest: str
    source: str
    root: str
    chunks: int
    origin: Origin = Origin.NAMED
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """One vector to be. Several records may lead to the same ``passage_id``."""

    id: str
    text: str
    content: str
    metadata: Mapping[str, Any]


def records_of(document: IndexedDocument, chunks: Sequence[Chunk]) -> dict[KnowledgeAudience, list[Record]]:
    """The records of a document, apart by audience. Ids come from the content, so that what stays the same keeps its vector."""
    found: dict[KnowledgeAudience, list[Record]] = {audience: [] for audience in KnowledgeAudience}
    seen: dict[str, int] = {}
    for ordinal, chunk in enumerate(chunks):
        passage_id = _identity(document.id, "\0".join([chunk.content, *chunk.embedded]), seen)
        for number, text in enumerate(chunk.embedded):
            identity = passage_id if number == 0 else f"{passage_id}-{number}"
            metadata = {**_metadata(document, chunk), "passage_id": passage_id, "ordinal": ordinal}
            found[chunk.audience].append(Record(identity, text, chunk.content, metadata))
    return found


def _identity(document_id: str, content: str, seen: dict[str, int]) -> str:
    """The same text twice in one document gives two ids, in order."""
    occurrence = seen[content] = seen.get(content, -1) + 1
    return hashlib.sha256(f"{document_id}\0{occurrence}\0{content}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _metadata(document: IndexedDocument, chunk: Chunk) -> dict[str, Any]:
    values = {
        "document_id": document.id,
        "source": document.source,
        "title": chunk.title,
        "section": chunk.section,
        "page": chunk.page,
        "url": chunk.url,
        "category": chunk.category,
        "category_key": category_key(chunk.category) if chunk.category else None,
        "question": chunk.question,
        "answer": chunk.answer,
        "audience": chunk.audience.value,
        "language": chunk.language,
    }
    return {name: value for name, value in values.items() if value is not None}


def category_key(category: str) -> str:
    """Categories are compared without regard to case and outer space."""
    return " ".join(category.split()).casefold()


def passage_of(content: str, metadata: Mapping[str, Any], score: float) -> Passage:
    """A record as the passage that it leads to."""
    return Passage(
        id=str(metadata["passage_id"]),
        document_id=str(metadata["document_id"]),
        title=str(metadata["title"]),
        content=content,
        source=str(metadata["source"]),
        score=score,
        section=metadata.get("section"),
        page=metadata.get("page"),
        url=metadata.get("url"),
        category=metadata.get("category"),
        question=metadata.get("question"),
        answer=metadata.get("answer"),
        audience=KnowledgeAudience(metadata["audience"]),
        language=metadata.get("language"),
    )
