"""Where each part of a document stands in its visible text, so that a stretch of that text can be taken out as a tree."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, cast

from channels.markdown.tree import (
    Block,
    Break,
    Cell,
    Code,
    CodeBlock,
    Document,
    Heading,
    Item,
    Items,
    Link,
    Node,
    Paragraph,
    Quote,
    Row,
    Rule,
    Table,
    Text,
)

Leaf = Text | Code | CodeBlock | Break | Rule


@dataclass(frozen=True, slots=True)
class Placed:
    """A node and the stretch of the visible text that it fills, without the white space around it."""

    node: Node
    start: int
    end: int
    children: tuple[Placed, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A document's visible text, with white space between blocks, and its placed nodes."""

    text: str
    blocks: tuple[Placed, ...]

    def cut(self, start: int, end: int, repeat: int) -> Document:
        """The document from ``start`` to ``end``, each mark closed where it is cut and open again where it goes on.
        A table's head is repeated when it is no longer than ``repeat``."""
        return cast("Document", tuple(_within(self.blocks, start, end, repeat)))

    def leaf_blocks(self) -> list[Placed]:
        """The paragraphs, headings, cells, code blocks and rules, in order."""
        return list(_outermost(self.blocks, Paragraph | Heading | Cell | CodeBlock | Rule))

    def links(self) -> list[Placed]:
        """All of them, in order."""
        return list(_outermost(self.blocks, Link))


def cut_leaf(leaf: Placed, start: int, end: int) -> Block:
    """A leaf block from ``start`` to ``end`` as it would stand alone, without what is around it."""
    block = _cut(leaf, start, end, 0)
    if isinstance(block, Heading | Cell):
        return Paragraph(block.children)
    return cast("Block", block)


def place(document: Document) -> Layout:
    """Lays a document out."""
    parts: list[str] = []
    blocks, _ = _place_all(document, 0, parts)
    return Layout("".join(parts), blocks)


def _place_all(nodes: Sequence[Node], at: int, parts: list[str]) -> tuple[tuple[Placed, ...], int]:
    placed: list[Placed] = []
    for number, node in enumerate(nodes):
        if number:
            gap = _gap(nodes[number - 1])
            parts.append(gap)
            at += len(gap)
        placed.append(_place(node, at, parts))
        at = placed[-1].end
    return tuple(placed), at


def _place(node: Node, at: int, parts: list[str]) -> Placed:
    if isinstance(node, Leaf):
        text = node.text if isinstance(node, Text | Code | CodeBlock) else "\n" if isinstance(node, Break) else "—"
        parts.append(text)
        return Placed(node, at, at + len(text))
    children, end = _place_all(node.children, at, parts)
    return Placed(node, at, end, children)


def _gap(node: Node) -> str:
    """What parts a node from its next sibling: the more a reader would cut there, the more white space."""
    match node:
        case Cell():
            return " "
        case Paragraph(tight=True) | Heading() | Item() | Row():
            return "\n"
        case Paragraph() | CodeBlock() | Quote() | Items() | Table() | Rule():
            return "\n\n"
        case _:
            return ""


def _within(placed: Sequence[Placed], start: int, end: int, repeat: int) -> Iterator[Node]:
    first = bisect_right(placed, start, key=lambda child: child.end)
    while first and placed[first - 1].start == placed[first - 1].end == start:
        first -= 1
    for child in placed[first : bisect_left(placed, end, key=lambda child: child.start)]:
        yield _cut(child, start, end, repeat)


def _cut(placed: Placed, start: int, end: int, repeat: int) -> Node:
    node = placed.node
    if start <= placed.start and placed.end <= end:
        return node
    if isinstance(node, Text | Code | CodeBlock):
        return replace(node, text=node.text[max(0, start - placed.start) : end - placed.start])
    if isinstance(node, Break | Rule):
        return node
    if isinstance(node, Row):
        return _row(placed, start, end, repeat)
    changes: dict[str, Any] = {"children": tuple(_within(placed.children, start, end, repeat))}
    if isinstance(node, Item):
        changes["continued"] = node.continued or start > placed.start
    if isinstance(node, Table):
        changes["children"] = (*_head(placed, start, repeat), *changes["children"])
    return replace(node, **changes)


def _row(placed: Placed, start: int, end: int, repeat: int) -> Row:
    """Keeps its number of fields, so that each stays in its column."""
    cells: list[Cell] = []
    for child in placed.children:
        cell = cast("Cell", child.node)
        outside = child.end <= start or child.start >= end
        cells.append(replace(cell, children=()) if outside else cast("Cell", _cut(child, start, end, repeat)))
    return Row(tuple(cells))


def _head(table: Placed, start: int, repeat: int) -> tuple[Row, ...]:
    head = table.children[0]
    if start < head.end:
        return ()
    row = cast("Row", head.node)
    if head.end - head.start <= repeat:
        return (replace(row, repeated=True),)
    return (Row(tuple(replace(cell, children=()) for cell in row.children), repeated=True),)


def _outermost(placed: Sequence[Placed], kinds: type | UnionType) -> Iterator[Placed]:
    """The nodes of these kinds, in order. They do not stand in each other."""
    for child in placed:
        if isinstance(child.node, kinds):
            yield child
        else:
            yield from _outermost(child.children, kinds)
