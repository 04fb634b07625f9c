"""Takes the marks off Markdown, since the embedding model reads words and not asterisks."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"!\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$", re.MULTILINE)
_RULE_ROW = re.compile(r"^[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)+[ \t]*(?::?-+:?)?[ \t]*$", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*\*|__|\*|`+)(?=\S)(.+?)(?<=\S)\1")
_ROW = re.compile(r"^[ \t]*\|(.*)\|[ \t]*$", re.MULTILINE)
_CELL = re.compile(r"\s*(?<!\\)\|\s*")


def plain(markdown: str) -> str:
    """The words of ``markdown``; cells of a table row are set apart by semicolons."""
    text = _RULE_ROW.sub("", _FENCE.sub("", markdown))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _ROW.sub(lambda row: "; ".join(cell for cell in _CELL.split(row.group(1).strip()) if cell), text)
    text = _EMPHASIS.sub(r"\2", text)
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())
