"""Documents on their way into the index: found as files, converted to blocks, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from core.domain.knowledge import KnowledgeAudience


class UnreadableDocument(Exception):
    """This one document cannot be indexed. The text says why, for the person who keeps the documents."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a source holds. ``source`` is what customers may see of its place; ``root`` is the source's address."""

    id: str
    path: Path
    source: str
    root: str
    category: str | None = None


class BlockKind(StrEnum):
    """Headings open sections; the other kinds differ in where they may be cut."""

    HEADING = "heading"
    TEXT = "text"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document in Markdown, whole in itself. ``level`` counts for headings (1 to 6), ``page`` from 1."""

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """A question with its answer: always retrieved and shown as one. ``section``: where it is from, as its source says."""

    question: str
    answer: str
    category: str | None = None
    keywords: tuple[str, ...] = ()
    url: str | None = None
    section: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC


@dataclass(frozen=True, slots=True)
class Document:
    """What a converter made of a file: running text (``blocks``) or questions (``entries``).

    ``problems`` are the parts of it that could not be read, each with its place, for the person who keeps the file.
    """

    title: str
    blocks: tuple[Block, ...] = ()
    entries: tuple[FaqEntry, ...] = ()
    url: str | None = None
    category: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be. ``content`` is what people read; each of ``embedded`` becomes one vector that leads to it."""

    title: str
    content: str
    embedded: tuple[str, ...]
    section: str | None = None
    page: int | None = None
    url: str | None = None
    category: str | None = None
    question: str | None = None
    answer: str | None = None
    audience: KnowledgeAudience = field(default=KnowledgeAudience.PUBLIC)
