"""A passage at rest: a row of the manifest, made from a chunk and read back as a Passage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.domain.knowledge import KnowledgeAudience, Passage
from knowledge.documents import Chunk
from knowledge.index.records import IndexedDocument, category_key
from knowledge.index.vectors import key_of, packed


@dataclass(frozen=True, slots=True)
class PassageRow:
    """One passage of a document as the manifest holds it. Two that are equal need not be written again."""

    ordinal: int
    id: str
    vectors: bytes
    section_number: int | None
    category_key: str | None
    language: str | None
    staff: int
    title: str
    section: str | None
    content: str
    details: str

    @classmethod
    def of(cls, row: Mapping[Any, Any]) -> PassageRow:
        """From a row of the table."""
        return cls(**{each.name: row[each.name] for each in fields(cls)})

    def values(self) -> dict[str, Any]:
        """For a row of the table."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def rows_of(document: IndexedDocument, chunks: Sequence[Chunk]) -> list[PassageRow]:
    """The passages of a document in reading order. Ids come from the content, so that what stays the same keeps its id."""
    seen: dict[str, int] = {}
    return [_row(document, ordinal, chunk, seen) for ordinal, chunk in enumerate(chunks)]


def passage_of(row: Mapping[Any, Any], parent: str | None) -> Passage:
    """A row as it is returned by a search, which gives it its score."""
    details = json.loads(row["details"])
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        title=row["title"],
        content=row["content"],
        source=details["source"],
        score=0.0,
        section=row["section"],
        page=details.get("page"),
        url=details.get("url"),
        category=details.get("category"),
        question=details.get("question"),
        answer=details.get("answer"),
        audience=KnowledgeAudience.STAFF if row["staff"] else KnowledgeAudience.PUBLIC,
        language=row["language"],
        parent=parent,
    )


def _row(document: IndexedDocument, ordinal: int, chunk: Chunk, seen: dict[str, int]) -> PassageRow:
    details = {
        "source": document.source,
        "page": chunk.page,
        "url": chunk.url,
        "category": chunk.category,
        "question": chunk.question,
        "answer": chunk.answer,
    }
    return PassageRow(
        ordinal=ordinal,
        id=_identity(document.id, "\0".join([chunk.content, *chunk.embedded]), seen),
        vectors=packed([key_of(text) for text in chunk.embedded]),
        section_number=chunk.section_number,
        category_key=category_key(chunk.category) if chunk.category else None,
        language=chunk.language,
        staff=int(chunk.audience is not KnowledgeAudience.PUBLIC),
        title=chunk.title,
        section=chunk.section,
        content=chunk.content,
        details=json.dumps({name: value for name, value in details.items() if value is not None}),
    )


def _identity(document_id: str, content: str, seen: dict[str, int]) -> str:
    """The same text twice in one document gives two ids, in order."""
    occurrence = seen[content] = seen.get(content, -1) + 1
    return hashlib.sha256(f"{document_id}\0{occurrence}\0{content}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
