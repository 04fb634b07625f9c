"""Markdown as a person reads it on a terminal: no marks, but the lists, the code and every link's address."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough")
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters: an escape sequence out of a document must not reach a terminal."""


def harmless(text: str) -> str:
    """Text without characters that steer a terminal."""
    return _UNSHOWABLE.sub("", text.replace("\r\n", "\n"))


def plain(markdown: str) -> str:
    """The text of a Markdown document, every word of it."""
    return _Writer().write(_MARKDOWN.parse(harmless(markdown)))


class _Writer:
    """Walks the tokens and keeps lines; lists and quotes nest by prefixes."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._prefixes: list[str] = []
        self._counters: list[int | None] = []
        self._marker: str | None = None
        self._cells: list[str] | None = None

    def write(self, tokens: Sequence[Token]) -> str:
        """All of it, without blank lines at either end."""
        for token in tokens:
            self._take(token)
        return "\n".join(self._lines).strip("\n")

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            self._text(_inline(token.children or []))
        elif kind in ("fence", "code_block", "html_block"):
            indent = "" if kind == "html_block" else "    "
            self._block([indent + line for line in token.content.rstrip("\n").split("\n")])
        elif kind == "hr":
            self._block(["—" * 20])
        elif kind.startswith(("tr_", "table_")):
            self._row(kind)
        elif kind.endswith("_open"):
            self._open(token)
        elif kind.endswith("_close"):
            self._close(token)

    def _open(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._counters.append(None)
            case "ordered_list_open":
                start = token.attrGet("start")
                self._counters.append(1 if start is None else int(start))
            case "list_item_open":
                self._item()
            case "blockquote_open":
                self._prefixes.append("> ")

    def _close(self, token: Token) -> None:
        match token.type:
            case "bullet_list_close" | "ordered_list_close":
                self._counters.pop()
                if not self._counters:
                    self._gap()
            case "list_item_close":
                if self._marker is not None:
                    self._emit("")
                self._prefixes.pop()
            case "blockquote_close":
                self._prefixes.pop()
                self._gap()
            case "paragraph_close" | "heading_close":
                if not token.hidden:
                    self._gap()

    def _row(self, kind: str) -> None:
        if kind == "tr_open":
            self._cells = []
        elif kind == "tr_close":
            cells, self._cells = self._cells or [], None
            self._emit(" | ".join(cells))
        elif kind == "table_close":
            self._gap()

    def _text(self, text: str) -> None:
        if self._cells is not None:
            self._cells.append(text.replace("\n", " "))
            return
        for line in text.split("\n"):
            self._emit(line)

    def _item(self) -> None:
        number = self._counters[-1]
        self._marker = "• " if number is None else f"{number}. "
        if number is not None:
            self._counters[-1] = number + 1
        self._prefixes.append(" " * len(self._marker))

    def _block(self, lines: Sequence[str]) -> None:
        for line in lines:
            self._emit(line)
        self._gap()

    def _emit(self, line: str) -> None:
        prefix = "".join(self._prefixes)
        if self._marker is not None:
            prefix = prefix[: -len(self._marker)] + self._marker
            self._marker = None
        self._lines.append((prefix + line).rstrip())

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip():
            self._lines.append("")


def _inline(tokens: Sequence[Token]) -> str:
    parts: list[str] = []
    address: str | None = None
    start = 0
    for token in tokens:
        match token.type:
            case "text" | "code_inline" | "html_inline":
                parts.append(token.content)
            case "softbreak" | "hardbreak":
                parts.append("\n")
            case "image":
                parts.append(f"{_inline(token.children or [])} ({token.attrGet('src')})")
            case "link_open":
                address, start = str(token.attrGet("href") or ""), len(parts)
            case "link_close":
                label = "".join(parts[start:])
                if address and address not in (label, f"mailto:{label}"):
                    parts.append(f" ({address})")
                address = None
    return "".join(parts)
