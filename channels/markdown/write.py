"""A document in a platform's dialect, whole."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from channels.markdown.plain import Field, PlainDialect
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
    Items,
    Link,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Table,
    Text,
)


def write(blocks: Iterable[Block], dialect: PlainDialect) -> str:
    """All blocks, whatever the length."""
    return _blocks(blocks, dialect, tight=False)


def inner(runs: Iterable[Inline], dialect: PlainDialect) -> str:
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


def _blocks(blocks: Iterable[Block], dialect: PlainDialect, *, tight: bool) -> str:
    written = (_block(block, dialect) for block in blocks)
    return dialect.blocks([block for block in written if block], tight=tight)


def _block(block: Block, dialect: PlainDialect) -> str:
    match block:
        case Paragraph():
            text = inner(block.children, dialect)
            return text if block.tight else dialect.paragraph(text)
        case Heading():
            return dialect.heading(inner(block.children, dialect), block.level)
        case CodeBlock():
            return dialect.code_block(block.text, block.language)
        case Quote():
            return dialect.quote(_blocks(block.children, dialect, tight=False))
        case Items():
            return _items(block, dialect)
        case Table():
            return _table(block, dialect)
        case Rule():
            return dialect.rule()
        case _:
            assert_never(block)


def _items(block: Items, dialect: PlainDialect) -> str:
    inner = ((_blocks(item.children, dialect, tight=block.tight), item) for item in block.children)
    written = [dialect.item(text, item.number, continued=item.continued) for text, item in inner]
    return dialect.items(written, block.start, tight=block.tight)


def _table(table: Table, dialect: PlainDialect) -> str:
    rows = [[_field(cell, dialect) for cell in row.children] for row in table.children]
    return dialect.table(rows[0], rows[1:]) if rows else ""


def _field(cell: Cell, dialect: PlainDialect) -> Field:
    return Field(inner(cell.children, dialect), visible(cell.children), cell.align)


def _run(run: Inline, dialect: PlainDialect) -> str:
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
