"""Text without marks, for SMS and for the plain part of an e-mail: every word, and every link's address.

It is also what every other dialect begins with: how one platform writes what a text consists of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from urllib.parse import unquote

from rich.cells import cell_len

from channels.markdown.tree import Align

_GAP = "  "


@dataclass(frozen=True, slots=True)
class Field:
    """A table's cell: ``shown`` in the dialect, and ``plain`` without marks or escapes for those that set columns."""

    shown: str
    plain: str
    align: Align | None = None


@dataclass(frozen=True, slots=True)
class PlainDialect:
    """A dialect is stateless; a platform overrides what it writes in another way. Inner parts are given finished.

    ``columns``: the width up to which a table is set in columns (a fixed-width font); wider ones, and all when it is 0, become
    one "head: value" line per field.
    """

    bullet: str = "•"
    columns: int = 0
    code_indent: str = ""
    rule_mark: str = "———"

    def text(self, text: str) -> str:
        """Characters, with those escaped that the platform would take for marks."""
        return text

    def code(self, text: str) -> str:
        """A run of code; ``text`` is not escaped yet."""
        return text

    def line_break(self) -> str:
        """A new line inside a paragraph."""
        return "\n"

    def bold(self, inner: str) -> str:
        """Strong emphasis."""
        return inner

    def italic(self, inner: str) -> str:
        """Emphasis."""
        return inner

    def strike(self, inner: str) -> str:
        """Text that no longer holds."""
        return inner

    def link(self, inner: str, url: str) -> str:
        """``url`` is http, https, mailto or tel, percent-encoded, not yet escaped for the platform."""
        return inner if says_address(inner, url) else f"{inner} ({url})"

    def paragraph(self, inner: str) -> str:
        """A paragraph that stands alone; one in a tight list is written without this."""
        return inner

    def heading(self, inner: str, level: int) -> str:
        """``level`` from 1 to 6."""
        return inner

    def quote(self, inner: str) -> str:
        """Blocks, joined already; marked as e-mail quotes them."""
        return "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))

    def code_block(self, text: str, language: str) -> str:
        """``text`` is not escaped yet; ``language`` may be empty."""
        return indented(text, self.code_indent, self.code_indent)

    def item(self, inner: str, number: int | None, *, continued: bool) -> str:
        """Blocks, joined already, set under the first word. No marker when ``continued``: it stands in the piece before."""
        marker = f"{self.bullet} " if number is None else f"{number}. "
        rest = " " * len(marker)
        return indented(inner, rest if continued else marker, rest)

    def items(self, items: Sequence[str], start: int | None, *, tight: bool) -> str:
        """A list of finished items; ``start`` is the first number of an ordered one."""
        return ("\n" if tight else "\n\n").join(items)

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        """All rows are as long as the head. A row that was cut has empty fields for what another piece holds."""
        if self.columns:
            lines = columns(_unmarked(head), [_unmarked(row) for row in rows])
            if max(map(cell_len, lines.split("\n"))) <= self.columns:
                return lines
        return fields(head, rows)

    def rule(self) -> str:
        """A line between two parts; may be empty."""
        return self.rule_mark

    def blocks(self, blocks: Sequence[str], *, tight: bool) -> str:
        """Joins finished blocks; ``tight`` inside an item of a tight list."""
        return ("\n" if tight else "\n\n").join(blocks)


def says_address(label: str, url: str) -> bool:
    """Whether a link's text is its address already."""
    shown = label.strip().rstrip("/")
    bare = url.partition(":")[2] if url.lower().startswith(("mailto:", "tel:")) else url
    return shown in {known.rstrip("/") for known in (url, bare, unquote(url), unquote(bare))}


def indented(text: str, first: str, rest: str) -> str:
    """Lines with a prefix; lines without text stay without."""
    lines = text.split("\n")
    return "\n".join(f"{first if number == 0 else rest}{line}".rstrip() for number, line in enumerate(lines))


def columns(head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
    """A table for a fixed-width font, from the fields' plain text; wide characters count as two."""
    texts = [[" ".join(field.plain.split()) for field in row] for row in (head, *rows)]
    widths = [max(map(cell_len, column)) for column in zip_longest(*texts, fillvalue="")]
    ruler = [_GAP.join("-" * width for width in widths)]
    lines = [
        _GAP.join(
            _set(text, width, field.align) for text, width, field in zip(row, widths, head, strict=False)
        ).rstrip()
        for row in texts
    ]
    return "\n".join([lines[0], *ruler, *lines[1:]])


def fields(head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
    """A table for a narrow screen: a group of "head: value" lines per row; the head alone when there is no row."""
    groups = [group for group in (_group(head, row) for row in rows) if group]
    return "\n\n".join(groups) if groups else " | ".join(field.shown for field in head)


def _unmarked(row: Sequence[Field]) -> list[Field]:
    """What this dialect shows holds no marks, but it does hold the links' addresses."""
    return [Field(field.shown, field.shown, field.align) for field in row]


def _group(head: Sequence[Field], row: Sequence[Field]) -> str:
    lines = []
    for name, value in zip(head, row, strict=False):
        if value.plain.strip():
            lines.append(f"{name.shown}: {value.shown}" if name.plain.strip() else value.shown)
    return "\n".join(lines)


def _set(text: str, width: int, align: Align | None) -> str:
    spare = width - cell_len(text)
    left = spare if align is Align.END else spare // 2 if align is Align.CENTER else 0
    return " " * left + text + " " * (spare - left)
