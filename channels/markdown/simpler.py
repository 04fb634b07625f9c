"""The same words with fewer marks, for where marks alone would fill a piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from channels.markdown.tree import (
    Block,
    Break,
    CodeBlock,
    Document,
    Heading,
    Inline,
    Items,
    Paragraph,
    Quote,
    Rule,
    Table,
    Text,
)


def unnested(document: Iterable[Block]) -> Document:
    """Paragraphs and code only: what stood in lists, quotes and tables stands alone."""
    return tuple(_flat(document))


def unmarked(text: str) -> Document:
    """Nothing but the text, without even a paragraph around it."""
    runs: list[Inline] = []
    for number, line in enumerate(text.split("\n")):
        if number:
            runs.append(Break())
        if line:
            runs.append(Text(line))
    return (Paragraph(tuple(runs), tight=True),)


def _flat(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Quote():
                yield from _flat(block.children)
            case Items():
                for item in block.children:
                    yield from _flat(item.children)
            case Table():
                rows = (row for row in block.children if not row.repeated)
                yield from (Paragraph(cell.children) for row in rows for cell in row.children if cell.children)
            case Heading():
                yield Paragraph(block.children)
            case Paragraph() | CodeBlock() | Rule():
                yield block
