"""How one platform writes what a text consists of. Each method gets finished inner parts and returns a finished part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from channels.markdown.tree import Align


@dataclass(frozen=True, slots=True)
class Field:
    """A table's cell: ``shown`` in the dialect, and ``plain`` without marks or escapes for those that set columns."""

    shown: str
    plain: str
    align: Align | None = None


class Dialect(Protocol):
    """A dialect is stateless. `PlainDialect` may be subclassed where a platform differs in a few methods only."""

    def text(self, text: str) -> str:
        """Characters, with those escaped that the platform would take for marks."""
        ...

    def code(self, text: str) -> str:
        """A run of code; ``text`` is not escaped yet."""
        ...

    def line_break(self) -> str:
        """A new line inside a paragraph."""
        ...

    def bold(self, inner: str) -> str:
        """Strong emphasis."""
        ...

    def italic(self, inner: str) -> str:
        """Emphasis."""
        ...

    def strike(self, inner: str) -> str:
        """Text that no longer holds."""
        ...

    def link(self, inner: str, url: str) -> str:
        """``url`` is http, https, mailto or tel, percent-encoded, not yet escaped for the platform."""
        ...

    def paragraph(self, inner: str) -> str:
        """A paragraph that stands alone; one in a tight list is written without this."""
        ...

    def heading(self, inner: str, level: int) -> str:
        """``level`` from 1 to 6."""
        ...

    def quote(self, inner: str) -> str:
        """Blocks, joined already."""
        ...

    def code_block(self, text: str, language: str) -> str:
        """``text`` is not escaped yet; ``language`` may be empty."""
        ...

    def item(self, inner: str, number: int | None, depth: int, *, continued: bool) -> str:
        """Blocks, joined already. ``depth`` from 0. No marker when ``continued``: it stands in the piece before."""
        ...

    def items(self, items: Sequence[str], start: int | None, depth: int, *, tight: bool) -> str:
        """A list of finished items; ``start`` is the first number of an ordered one."""
        ...

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        """All rows are as long as the head. A row that was cut has empty fields for what another piece holds."""
        ...

    def rule(self) -> str:
        """A line between two parts; may be empty."""
        ...

    def blocks(self, blocks: Sequence[str], *, tight: bool) -> str:
        """Joins finished blocks; ``tight`` inside an item of a tight list."""
        ...
