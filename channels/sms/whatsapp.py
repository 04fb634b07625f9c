"""What WhatsApp shows of a text: *bold*, _italic_, ~struck~, `code`, lists and quotes (WhatsApp Help, "Formatting")."""

from __future__ import annotations

from channels.markdown.plain import PlainDialect

_FENCE = "```"


class WhatsAppDialect(PlainDialect):
    """Links stay as addresses, which WhatsApp makes clickable; there is no other way to write one."""

    def code(self, text: str) -> str:
        """Fixed width."""
        return f"`{text}`" if text.strip() and "`" not in text else text

    def bold(self, inner: str) -> str:
        """One asterisk."""
        return _marked(inner, "*")

    def italic(self, inner: str) -> str:
        """Underscores."""
        return _marked(inner, "_")

    def strike(self, inner: str) -> str:
        """One tilde."""
        return _marked(inner, "~")

    def heading(self, inner: str, level: int) -> str:
        """Bold: there are no headings."""
        return inner if "*" in inner else _marked(inner, "*")

    def code_block(self, text: str, language: str) -> str:
        """Between fences on lines of their own."""
        return text if _FENCE in text else f"{_FENCE}\n{text}\n{_FENCE}"


def _marked(inner: str, mark: str) -> str:
    """Marks hold on one line only, and must touch the words; spaces stay outside."""
    return "\n".join(_line(line, mark) for line in inner.split("\n"))


def _line(line: str, mark: str) -> str:
    words = line.strip()
    if not words or mark in words:
        return line
    start = line.index(words)
    return f"{line[:start]}{mark}{words}{mark}{line[start + len(words) :]}"
