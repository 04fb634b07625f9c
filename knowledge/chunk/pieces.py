"""The smallest parts of a block that a chunk may hold: sentences, table rows under their header, lines of code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge.chunk.plain import plain
from knowledge.chunk.sentences import sentences_of
from knowledge.chunk.tokens import CHARACTERS_PER_TOKEN, TokenCounter, fits, longest_start
from knowledge.documents import Block, BlockKind


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` is kept as it is. ``header`` is repeated at the head of each chunk that the piece's table is cut into."""

    text: str
    page: int | None
    header: str = ""
    opens_block: bool = False


def pieces_of(block: Block, counter: TokenCounter, limit: int) -> Iterator[Piece]:
    """The pieces of a block in order, each within ``limit`` tokens together with its header; made as they are asked for."""
    if block.kind is BlockKind.TABLE:
        header, rows = _split_table(block.text)
        if header and fits(counter, plain(header), limit // 2):
            return _cut(rows, block, counter, limit, header)
        return _cut(block.text.splitlines(keepends=True), block, counter, limit)
    if block.kind is BlockKind.CODE:
        return _cut(block.text.splitlines(keepends=True), block, counter, limit)
    return _cut(sentences_of(block.text), block, counter, limit)


def _split_table(text: str) -> tuple[str, list[str]]:
    """Header with its rule, and the rows. A table without rows has no header to repeat."""
    lines = text.splitlines(keepends=True)
    return ("".join(lines[:2]), lines[2:]) if len(lines) > 2 else ("", lines)


def _cut(parts: Sequence[str], block: Block, counter: TokenCounter, limit: int, header: str = "") -> Iterator[Piece]:
    room = limit - (counter.count([plain(header)])[0] + 1 if header else 0)
    opens = True
    for part in parts:
        start, end = 0, len(part.rstrip())
        while start < end:
            window = part[start : start + room * CHARACTERS_PER_TOKEN]
            whole = start + len(window) == len(part) and fits(counter, plain(window), room)
            size = len(window) if whole else longest_start(counter, window, room)
            yield Piece(part[start : start + size], block.page, header, opens_block=opens)
            start, opens = start + size, False
