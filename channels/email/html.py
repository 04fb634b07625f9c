"""The HTML part of our mails: a dialect for `channels.markdown`. Plain elements only, since mail readers know no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from channels.markdown.plain import Field, PlainDialect

_CELL = "border:1px solid #ccc;padding:4px 8px;"
_CODE = "background:#f4f4f4;padding:8px;white-space:pre-wrap;"
_QUOTE = "margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex;"


@dataclass(frozen=True, slots=True)
class HtmlDialect(PlainDialect):
    """Everything that the customer or the agent wrote is escaped; no image, no style sheet, no script."""

    def text(self, text: str) -> str:
        return escape(text, quote=False)

    def code(self, text: str) -> str:
        return f"<code>{escape(text, quote=False)}</code>"

    def line_break(self) -> str:
        return "<br>\n"

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
        size = min(6, level + 1)
        return f"<h{size}>{inner}</h{size}>"

    def quote(self, inner: str) -> str:
        return f'<blockquote style="{_QUOTE}">{inner}</blockquote>'

    def code_block(self, text: str, language: str) -> str:
        return f'<pre style="{_CODE}">{escape(text, quote=False)}</pre>'

    def item(self, inner: str, number: int | None, *, continued: bool) -> str:
        return f"<li>{inner}</li>"

    def items(self, items: Sequence[str], start: int | None, *, tight: bool) -> str:
        inner = "\n".join(items)
        if start is None:
            return f"<ul>\n{inner}\n</ul>"
        return f'<ol start="{start}">\n{inner}\n</ol>'

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        top = _row("th", head)
        body = "\n".join(_row("td", row) for row in rows)
        return f'<table style="border-collapse:collapse">\n{top}\n{body}\n</table>'

    def rule(self) -> str:
        return "<hr>"

    def blocks(self, blocks: Sequence[str], *, tight: bool) -> str:
        return "\n".join(blocks)


def _row(tag: str, row: Sequence[Field]) -> str:
    cells = (f'<{tag} style="{_CELL}{_align(field)}">{field.shown}</{tag}>' for field in row)
    return f"<tr>{''.join(cells)}</tr>"


def _align(field: Field) -> str:
    return f"text-align:{field.align.value};" if field.align is not None else ""


def paragraphs(text: str) -> str:
    """Plain text as HTML, its lines kept."""
    parts = (escape(part.strip("\n"), quote=False).replace("\n", "<br>\n") for part in text.split("\n\n"))
    return "\n".join(f"<p>{part}</p>" for part in parts if part)


def quoted(intro: str, text: str) -> str:
    """The mail that is answered, below the answer."""
    return (
        f'<p>{escape(intro, quote=False)}</p>\n<blockquote type="cite" style="{_QUOTE}">{paragraphs(text)}</blockquote>'
    )
