"""Takes the marks off Markdown, since the embedding model reads words and not asterisks.

Strangers' documents are read here, in the process that also searches. So no pattern goes back over what it has seen: quantifiers
are possessive, and what opens again ends the try before, which keeps a megabyte of "[" as cheap as a megabyte of words.
"""

from __future__ import annotations

import re

_TARGET = r"\]\((?:[^()\s]|\([^()\s]*+\))*+(?:\s++\"[^\"]*+\")?+\)"
_IMAGE = re.compile(r"!\[([^\[\]]*+)" + _TARGET)
_LINK = re.compile(r"\[([^\[\]]*+)" + _TARGET)
_FENCE = re.compile(r"^[ \t]*+(?:```|~~~).*+$", re.MULTILINE)
_RULE_ROW = re.compile(
    r"^[ \t]*+\|?+(?:[ \t]*+:?+-++:?+[ \t]*+\|)++[ \t]*+(?::?+-++:?+)?+[ \t]*+$",
    re.MULTILINE,
)
_EMPHASIS = re.compile(r"(\*\*|__|\*|(?<!`)`++)(?=\S)(.{1,300}?)(?<=\S)\1")
"""Whole sentences at most: an asterisk that nothing closes is looked for no further."""
_LONGEST_LINE = 10_000
"""Characters. Prose has none as long; in what has, the asterisks stay, since the search waits while a line is looked at."""
_ROW = re.compile(r"^[ \t]*+\|(.*)\|[ \t]*+$", re.MULTILINE)
_BAR = re.compile(r"(?<!\\)\|")


def plain(markdown: str) -> str:
    """The words of ``markdown``; cells of a table row are set apart by semicolons."""
    text = _RULE_ROW.sub("", _FENCE.sub("", markdown))
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _ROW.sub(_cells, text)
    lines = (_unmarked(line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def _unmarked(line: str) -> str:
    return _EMPHASIS.sub(r"\2", line) if len(line) <= _LONGEST_LINE else line


def _cells(row: re.Match[str]) -> str:
    cells = (cell.strip() for cell in _BAR.split(row.group(1)))
    return "; ".join(cell for cell in cells if cell)
