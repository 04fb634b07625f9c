"""What a text consists of once its marks are understood: blocks, and runs of characters inside them.

Every node that holds others calls them ``children``, so that a document is walked and cut in one way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Align(StrEnum):
    """How a table's column is set."""

    START = "left"
    CENTER = "center"
    END = "right"


@dataclass(frozen=True, slots=True)
class Text:
    """Characters as they are read: nothing in them is a mark."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Characters in a fixed-width font."""

    text: str


@dataclass(frozen=True, slots=True)
class Break:
    """A new line inside a paragraph: writers of chat messages mean each one that they type."""


@dataclass(frozen=True, slots=True)
class Bold:
    """Strong emphasis. Never inside another one."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Italic:
    """Emphasis. Never inside another one."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Strike:
    """Text that no longer holds. Never inside another one."""

    children: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """``url`` is percent-encoded and one of http, https, mailto and tel. Never inside another link, never empty."""

    children: tuple[Inline, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """``tight`` in a list whose items stand close to each other."""

    children: tuple[Inline, ...]
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """``level`` from 1 to 6."""

    children: tuple[Inline, ...]
    level: int


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Lines of code without the last line's end; ``language`` as the writer gave it, or empty."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody else's words."""

    children: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """``number`` in an ordered list. ``continued`` when its beginning stands in the piece before."""

    children: tuple[Block, ...]
    number: int | None = None
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list; ordered when its items are numbered."""

    children: tuple[Item, ...]
    tight: bool = True

    @property
    def start(self) -> int | None:
        """The first number, or None for bullets."""
        return self.children[0].number if self.children else None


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a table."""

    children: tuple[Inline, ...] = ()
    align: Align | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """``repeated`` for the head of a table that began in an earlier piece."""

    children: tuple[Cell, ...]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The first row is the head."""

    children: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between two parts."""


Inline: TypeAlias = Text | Code | Break | Bold | Italic | Strike | Link
Block: TypeAlias = Paragraph | Heading | CodeBlock | Quote | Items | Table | Rule
Node: TypeAlias = Inline | Block | Item | Row | Cell
Document: TypeAlias = tuple[Block, ...]
