"""Code in Markdown (CommonMark: fenced blocks and code spans), in which brackets are no citations and stops end nothing.

What nothing closes takes the rest of the text, or of its line, so that no place is looked at twice.
"""

from __future__ import annotations

import re

_FENCED = (
    r"(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}+)[^\n]*+"
    r"(?:\n(?:[^\n]*\n)*?[ \t]*+(?P=fence)(?:(?<=`)`*+|(?<=~)~*+)[ \t]*+$|(?s:.*))"
)
SPAN = r"(?P<ticks>`++)(?:[^\n]*?(?<!`)(?P=ticks)(?!`)(?P<closed>)|[^\n]*+)"
"""A code span, or a tick that nothing on its line closes, with the rest of the line."""
BLOCK = re.compile(rf"\s*+{_FENCED}", re.MULTILINE)
"""A fenced block, wherever it is looked for."""
_CODE = re.compile(rf"^[ \t]*+{_FENCED}|{SPAN}", re.MULTILINE)


def split_code(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is code; they concatenate to it."""
    if "`" not in text and "~" not in text:
        return [(text, False)]
    pieces: list[tuple[str, bool]] = []
    place = 0
    for code in _CODE.finditer(text):
        if code["fence"] is not None or code["closed"] is not None:
            pieces += [(text[place : code.start()], False), (code[0], True)]
            place = code.end()
    return [*pieces, (text[place:], False)]


def prose(text: str) -> str:
    """The text without its code."""
    return " ".join(piece for piece, is_code in split_code(text) if not is_code)
