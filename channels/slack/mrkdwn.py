"""Slack's own markup, mrkdwn: one star for bold, angle brackets for links, three characters escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from channels.markdown.plain import Field, PlainDialect, columns, fields, says_address

_WIDEST = 72
"""Columns that a code block shows without scrolling in a thread."""


def escaped(text: str) -> str:
    """The three characters that Slack takes for control; nothing of a text can then mention anybody."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True, slots=True)
class MrkdwnDialect(PlainDialect):
    """Slack shows marks at the edges of words only, so white space goes outside of them."""

    def text(self, text: str) -> str:
        return escaped(text)

    def code(self, text: str) -> str:
        """Nothing can be escaped in it; with a backtick inside it stays unmarked."""
        line = escaped(text.replace("\n", " "))
        return line if "`" in line or not line.strip() else f"`{line}`"

    def bold(self, inner: str) -> str:
        return _marked(inner, "*")

    def italic(self, inner: str) -> str:
        return _marked(inner, "_")

    def strike(self, inner: str) -> str:
        return _marked(inner, "~")

    def link(self, inner: str, url: str) -> str:
        """The label cannot hold marks of its own; an address as label is written once."""
        target = escaped(url).replace("|", "%7C")
        if not inner.strip() or says_address(inner, url):
            return f"<{target}>"
        return f"<{target}|{inner.replace('|', '¦')}>"

    def heading(self, inner: str, level: int) -> str:
        """Bold, as there are none."""
        return inner if inner.startswith("*") else self.bold(inner)

    def quote(self, inner: str) -> str:
        """A bar before each line."""
        return "\n".join(f"> {line}" if line else ">" for line in inner.split("\n"))

    def code_block(self, text: str, language: str) -> str:
        """Slack colours no languages."""
        safe = escaped(text).replace("```", "``\u200b`")
        return f"```\n{safe}\n```"

    def table(self, head: Sequence[Field], rows: Sequence[Sequence[Field]]) -> str:
        """Set in columns where they are not too wide."""
        lines = columns(head, rows)
        if max(map(len, lines.split("\n"))) <= _WIDEST:
            return self.code_block(lines, "")
        return fields(head, rows)


def _marked(inner: str, mark: str) -> str:
    core = inner.strip()
    if not core or "\n" in core:
        return inner
    before, after = inner[: len(inner) - len(inner.lstrip())], inner[len(inner.rstrip()) :]
    return f"{before}{mark}{core}{mark}{after}"
