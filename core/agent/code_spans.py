"""Code in Markdown (CommonMark: fenced blocks and code spans), in which brackets are no citations and stops end nothing."""

from __future__ import annotations

import re

_CLOSED_FENCE = r"^[ \t]*(?P<fence>```|~~~)[^`\n]*\n(?:.*\n)??[ \t]*(?P=fence)[`~]*[ \t]*$"
_OPEN_FENCE = r"^[ \t]*(?:```|~~~)[^`\n]*(?:\n.*)?\Z"
_SPAN = r"(?<!`)(?P<tick>`+)(?!`)[^\n]*?(?<!`)(?P=tick)(?!`)"
_CLOSED = re.compile(f"{_CLOSED_FENCE}|{_SPAN}", re.MULTILINE | re.DOTALL)
_CODE = re.compile(f"{_CLOSED_FENCE}|{_OPEN_FENCE}|{_SPAN}", re.MULTILINE | re.DOTALL)
_CLOSED_BLOCK = re.compile(_CLOSED_FENCE, re.MULTILINE | re.DOTALL)
_OPEN_BLOCK = re.compile(_OPEN_FENCE, re.MULTILINE | re.DOTALL)
_FENCE_START = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def open_code(text: str) -> bool:
    """Whether a fenced block, or a code span on the last line, is still open at the end of the text."""
    rest = _CLOSED.sub("", text)
    return bool(_FENCE_START.search(rest)) or "`" in rest.rsplit("\n", 1)[-1]


def leading_block(text: str) -> int:
    """How long the fenced block is that the text begins with: 0 without one, -1 while it is not closed."""
    if not _FENCE_START.match(text.lstrip("\n")):
        return 0
    lead = len(text) - len(text.lstrip("\n"))
    closed = _CLOSED_BLOCK.match(text, lead)
    if closed:
        return closed.end()
    return -1 if _OPEN_BLOCK.match(text, lead) else 0


def split_code(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is code; they concatenate to it."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    for match in _CODE.finditer(text):
        pieces += [(text[place : match.start()], False), (match.group(), True)]
        place = match.end()
    return [*pieces, (text[place:], False)]


def prose(text: str) -> str:
    """The text without its code."""
    return " ".join(piece for piece, is_code in split_code(text) if not is_code)
