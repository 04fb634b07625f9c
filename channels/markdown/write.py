"""A document in a platform's dialect, whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from channels.markdown.dialect import Dialect, Field
from channels.markdown.tree import (
    Block,
    Bold,
    Break,
    Cell,
    Code,
    CodeBlock,
    Heading,
    Inline,
    Italic,
    Item,
    Items,
    Link,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)


def write(blocks: Iterable[Block], dialect: Dialect) -> str:
    """All blocks, whatever the length."""
    return _blocks(blocks, dialect, depth=0, tight=False)


def inner(runs: Iterable[Inline], dialect: Dialect) -> str:
    """What stands inside a paragraph."""
    return "".join(_run(run, dialect) for run in runs)


def visible(runs: Iterable[Inline]) -> str:
    """The characters alone."""
    parts: list[str] = []
    for run in runs:
        match run:
            case Text() | Code():
                parts.append(run.text)
            case Break():
                parts.append("\n")
            case Bold() | Italic() | Strike() | Link():
                parts.append(visible(run.children))
            case _:
                assert_never(run)
    return "".join(parts)


def _blocks(blocks: Iterable[Block], dialect: Dialect, *, depth: int, tight: bool) -> str:
    written = (_block(block, dialect, depth) for block in blocks)
    return dialect.blocks([block for block in written if block], tight=tight)


def _block(block: Block, dialect: Dialect, depth: int) -> str:
    match block:
        case Paragraph():
            text = inner(block.children, dialect)
            return text if block.tight else dialect.paragraph(text)
        case Heading():
            return dialect.heading(inner(block.children, dialect), block.level)
        case CodeBlock():
            return dialect.code_block(block.text, block.language)
        case Quote():
            return dialect.quote(_blocks(block.children, dialect, depth=depth, tight=False))
        case Items():
            return _items(block, dialect, depth)
        case Table():
            return _table(block, dialect)
        case Rule():
            return dialect.rule()
        case _:
            assert_never(block)


def _items(block: Items, dialect: Dialect, depth: int) -> str:
    written = [_item(item, dialect, depth, tight=block.tight) for item in block.children]
    return dialect.items(written, block.start, depth, tight=block.tight)


def _item(item: Item, dialect: Dialect, depth: int, *, tight: bool) -> str:
    text = _blocks(item.children, dialect, depth=depth + 1, tight=tight)
    return dialect.item(text, item.number, depth, continued=item.continued)


def _table(table: Table, dialect: Dialect) -> str:
    rows = [[_field(cell, dialect) for cell in row.children] for row in table.children]
    return dialect.table(rows[0], rows[1:]) if rows else ""


def _field(cell: Cell, dialect: Dialect) -> Field:
    return Field(inner(cell.children, dialect), visible(cell.children), cell.align)


def _run(run: Inline, dialect: Dialect) -> str:
    match run:
        case Text():
            return dialect.text(run.text)
        case Code():
            return dialect.code(run.text)
        case Break():
            return dialect.line_break()
        case Bold():
            return dialect.bold(inner(run.children, dialect))
        case Italic():
            return dialect.italic(inner(run.children, dialect))
        case Strike():
            return dialect.strike(inner(run.children, dialect))
        case Link():
            return dialect.link(inner(run.children, dialect), run.url)
        case _:
            assert_never(run)
