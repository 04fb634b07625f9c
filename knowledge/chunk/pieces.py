"""The smallest parts of a block that a chunk may hold: sentences, table rows under their header, lines of code."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.chunk.plain import plain
from knowledge.chunk.sentences import sentences_of
from knowledge.chunk.tokens import TokenCounter, fits, longest_start
from knowledge.documents import Block, BlockKind

_CHARACTERS_PER_TOKEN = 16
"""More than any prose has: what lies beyond need not be counted, which keeps a megabyte without a full stop cheap."""


@dataclass(frozen=True, slots=True)
class Piece:
    """``text`` is kept as it is. ``header`` is repeated at the head of each chunk that the piece's table is cut into."""

    text: str
    page: int | None
    header: str = ""
    opens_block: bool = False


def pieces_of(block: Block, counter: TokenCounter, limit: int) -> list[Piece]:
    """The pieces of a block in order, each within ``limit`` tokens together with its header."""
    if block.kind is BlockKind.TABLE:
        header, rows = _split_table(block.text)
        if header and counter.count([plain(header)])[0] <= limit // 2:
            return _cut(rows, block, counter, limit, header)
        return _cut(block.text.splitlines(keepends=True), block, counter, limit)
    if block.kind is BlockKind.CODE:
        return _cut(block.text.splitlines(keepends=True), block, counter, limit)
    return _cut(sentences_of(block.text), block, counter, limit)


def _split_table(text: str) -> tuple[str, list[str]]:
    """Header with its rule, and the rows. A table without rows has no header to repeat."""
    lines = text.splitlines(keepends=True)
    return ("".join(lines[:2]), lines[2:]) if len(lines) > 2 else ("", lines)


def _cut(parts: list[str], block: Block, counter: TokenCounter, limit: int, header: str = "") -> list[Piece]:
    pieces: list[Piece] = []
    room = limit - (counter.count([plain(header)])[0] + 1 if header else 0)
    for part in parts:
        rest = part
        while rest.strip():
            window = rest[: room * _CHARACTERS_PER_TOKEN]
            whole = len(window) == len(rest) and fits(counter, plain(rest), room)
            end = len(rest) if whole else longest_start(counter, window, room)
            pieces.append(Piece(rest[:end], block.page, header, opens_block=not pieces))
            rest = rest[end:]
    return pieces
