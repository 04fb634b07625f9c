"""Documents on their way into the index: found as files, converted to blocks, cut into chunks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from core.domain.knowledge import KnowledgeAudience


class UnreadableDocument(Exception):
    """This one document cannot be indexed. The text says why, for the person who keeps the documents."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a source holds. ``source`` is what customers may see of its place; ``root`` is the source's address.

    ``url``, ``language`` and ``category`` count where the document itself says nothing. ``audience`` STAFF counts always: a
    source for staff holds nothing for customers, whatever a file in it says. ``crawled``: it was read at ``url``, which then
    counts always: a page may name any other as its main one, and a link in an answer must lead to what was read.
    """

    id: str
    path: Path
    source: str
    root: str
    category: str | None = None
    url: str | None = None
    language: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    crawled: bool = False

    @property
    def traits(self) -> tuple[str, ...]:
        """What the index must hear of when it changes, although the file's content is the same."""
        told = (self.category or "", self.url or "", self.language or "", self.audience.value)
        return (self.root, self.source, *told, *(("crawled",) if self.crawled else ()))


class BlockKind(StrEnum):
    """Headings open sections; the other kinds differ in where they may be cut."""

    HEADING = "heading"
    TEXT = "text"
    TABLE = "table"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a document in Markdown, whole in itself. ``level`` counts for headings (1 to 6), ``page`` from 1.

    ``anchor``: what a heading is reached by in its page's address, without the ``#``.
    """

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None
    anchor: str | None = None


@dataclass(frozen=True, slots=True)
class FaqEntry:
    """A question with its answer: always retrieved and shown as one. ``section``: where it is from, as its source says.

    ``alternatives``: other ways in which customers ask the same; each leads here, and none is shown.
    """

    question: str
    answer: str
    category: str | None = None
    keywords: tuple[str, ...] = ()
    url: str | None = None
    section: str | None = None
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    alternatives: tuple[str, ...] = ()


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
    language: str | None = None

    def described_by(self, file: SourceFile) -> Document:
        """This document with what its source says of it."""
        staff = file.audience is KnowledgeAudience.STAFF
        return replace(
            self,
            url=file.url if file.crawled else self.url or file.url,
            category=self.category or file.category,
            language=self.language or file.language,
            audience=KnowledgeAudience.STAFF if staff else self.audience,
        ).of_its_audience()

    def of_its_audience(self) -> Document:
        """Of a document for staff no entry is for customers, whatever it says itself."""
        if self.audience is not KnowledgeAudience.STAFF:
            return self
        return replace(self, entries=tuple(replace(entry, audience=self.audience) for entry in self.entries))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage to be. ``content`` is what people read; each of ``embedded`` becomes one vector that leads to it.

    ``section_number`` counts the document's sections from 0: the chunks that share it are, in order, the parent section.
    ``url`` ends in the section's anchor where it has one.
    """

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
    language: str | None = None
    section_number: int | None = None
