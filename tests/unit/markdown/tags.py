"""A dialect whose output a parser can check: HTML's shape, every mark a tag."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree

from channels.markdown.plain import Field, PlainDialect


class TagDialect(PlainDialect):
    """Every part in an element, every character escaped."""

    def text(self, text: str) -> str:
        return escape(text)

    def code(self, text: str) -> str:
        return f"<code>{escape(text)}</code>"

    def line_break(self) -> str:
        return "<br/>"

    def bold(self, inner: str) -> str:
        return f"<b>{inner}</b>"

    def italic(self, inner: str) -> str:
        return f"<i>{inner}</i>"

    def strike(self, inner: str) -> str:
        return f"<s>{inner}</s>"

    def link(self, inner: str, url: str) -> str:
        return f'<a href="{escape(url)}">{inner}</a>'

    def paragraph(self, inner: str) -> str:
        return f"<p>{inner}</p>"

    def heading(self, inner: str, level: int) -> str:
        return f"<h{level}>{inner}</h{level}>"

    def quote(self, inner: str) -> str:
        return f"<blockquote>{inner}</blockquote>"

    def code_block(self, text: str, language: str) -> str:
        return f'<pre lang="{escape(language)}">{escape(text)}</pre>'

    def item(self, inner: str, number: int | None, *, continued: bool) -> str:
        kind = "more" if continued else str(number or "-")
        return f'<li kind="{kind}">{inner}</li>'

    def items(self, items: Sequence[str], start: int | None, *, tight: bool) -> str:
        tag = "ul" if start is None else "ol"
        return f"<{tag}>{''.join(items)}</{tag}>"

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        cells = ["".join(f"<td>{field.shown}</td>" for field in row) for row in (head, *rows)]
        return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"

    def rule(self) -> str:
        return "<hr/>"

    def blocks(self, blocks: Sequence[str], *, tight: bool) -> str:
        return "".join(blocks)


def element(piece: str) -> ElementTree.Element:
    """The piece as a tree; raises when a tag is not balanced."""
    return ElementTree.fromstring(f"<piece>{piece}</piece>")


def words(piece: str) -> str:
    """The piece's characters without its tags."""
    return "".join(element(piece).itertext())
