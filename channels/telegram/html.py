"""Telegram's own small HTML (https://core.telegram.org/bots/api#html-style), written so that it always parses.

Every ``&``, ``<`` and ``>`` of a text is escaped and every tag is closed where it was opened. Its rules of nesting: code holds
nothing and stands in no emphasis, a quotation holds no other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape, unescape

from rich.cells import cell_len

from channels.markdown.plain import Field, PlainDialect, columns, fields, says_address
from channels.telegram.entities import units

_TAG = re.compile(r"<[^<>]*+>")
_CODE = re.compile(r"(<code>.*?</code>|<pre>.*?</pre>)", re.DOTALL)
_CODE_TAGS = re.compile(r"</?code>")
_BOLD_TAGS = re.compile(r"</?b>")
_QUOTE_TAGS = re.compile(r"</?blockquote>")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,32}").fullmatch
_SCREEN = 36
"""Characters of a fixed-width font that a telephone shows in one line."""


def plain_of(written: str) -> str:
    """What a reader sees of it."""
    return unescape(_TAG.sub("", written))


def seen_units(written: str) -> int:
    """Length as Telegram counts it: UTF-16 code units after the marks were read."""
    return units(plain_of(written))


@dataclass(frozen=True, slots=True)
class TelegramHtml(PlainDialect):
    """A dialect for `channels.markdown`. Telegram has no lists, headings or tables: they are set with characters."""

    columns: int = _SCREEN

    def text(self, text: str) -> str:
        return escape(text, quote=False)

    def code(self, text: str) -> str:
        """In a fixed-width font; a tap copies it."""
        return f"<code>{escape(text, quote=False)}</code>" if text.strip() else escape(text, quote=False)

    def bold(self, inner: str) -> str:
        return _over("b", inner)

    def italic(self, inner: str) -> str:
        return _over("i", inner)

    def strike(self, inner: str) -> str:
        return _over("s", inner)

    def link(self, inner: str, url: str) -> str:
        """Only web addresses can hide behind words; Telegram finds written addresses and telephone numbers itself."""
        if not url.lower().startswith(("http://", "https://")):
            address = url.partition(":")[2]
            return inner if says_address(plain_of(inner), url) else f"{inner} ({escape(address, quote=False)})"
        return f'<a href="{escape(url)}">{_CODE_TAGS.sub("", inner)}</a>'

    def heading(self, inner: str, level: int) -> str:
        return _over("b", _BOLD_TAGS.sub("", inner))

    def quote(self, inner: str) -> str:
        """One level: what was quoted inside stands in the same one."""
        within = _QUOTE_TAGS.sub("", inner)
        return f"<blockquote>{within}</blockquote>" if within.strip() else within

    def code_block(self, text: str, language: str) -> str:
        """With its language, which Telegram colours."""
        shown = escape(text, quote=False)
        if not text.strip():
            return shown
        if not _LANGUAGE(language):
            return f"<pre>{shown}</pre>"
        return f'<pre><code class="language-{language}">{shown}</code></pre>'

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        """In columns where a telephone shows them and nothing hides behind the words, otherwise one line per field."""
        linked = any("<a " in field.shown for row in (head, *rows) for field in row)
        lines = columns(head, rows)
        if linked or max(map(cell_len, lines.split("\n"))) > self.columns:
            return fields(head, rows)
        return f"<pre>{escape(lines, quote=False)}</pre>"


def _over(tag: str, inner: str) -> str:
    """Around code, not over it."""
    return "".join(
        part if part.startswith(("<code>", "<pre>")) or not plain_of(part).strip() else f"<{tag}>{part}</{tag}>"
        for part in _CODE.split(inner)
        if part
    )
