"""Source markers in an answer, ``[2]``, ``[1, 3]``, ``【4†source】``, and the code in it, in which brackets are no markers.

Code is that of Markdown (CommonMark: fenced blocks and code spans). What nothing closes takes the rest of the text, or of its
line, so that no place is looked at twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

MARKER = r"(?:\[\^?\d{1,4}(?:\s*+[,;]\s*+\^?\d{1,4})*\]|【\d{1,4}[^】\n]{0,20}】)"
_FENCED = (
    r"(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}+)[^\n]*+"
    r"(?:\n(?:[^\n]*\n)*?[ \t]*+(?P=fence)(?:(?<=`)`*+|(?<=~)~*+)[ \t]*+$|(?s:.*))"
)
SPAN = r"(?P<ticks>`++)(?:[^\n]*?(?<!`)(?P=ticks)(?!`)(?P<closed>)|[^\n]*+)"
"""A code span, or a tick that nothing on its line closes, with the rest of the line."""
BLOCK = re.compile(rf"\s*+{_FENCED}", re.MULTILINE)
"""A fenced block, wherever it is looked for."""
_CODE = re.compile(rf"^[ \t]*+{_FENCED}|{SPAN}", re.MULTILINE)
_MARKED = re.compile(rf"({MARKER})(?:\([^)\s]*\))?")
"""A marker, and the address of a link made of one: the address is the model's invention."""
_NUMBER = re.compile(r"\d+")
_LOOSE = re.compile(r"[ \t]+([.,;:!?…])")


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


def marker_numbers(text: str) -> tuple[int, ...]:
    """The source numbers cited in a text, each once, in order."""
    found = (int(n) for match in _MARKED.finditer(prose(text)) for n in _NUMBER.findall(_numbers_of(match[1])))
    return tuple(dict.fromkeys(found))


def strip_markers(text: str) -> str:
    """A text without its markers."""
    return replace_markers(text, {})


def replace_markers(text: str, numbers: Mapping[int, int]) -> str:
    """The text with each marker's number replaced as given; numbers that are not given lose their marker."""

    def rewritten(match: re.Match[str]) -> str:
        wanted = dict.fromkeys(int(number) for number in _NUMBER.findall(_numbers_of(match[1])))
        return "".join(f"[{numbers[number]}]" for number in wanted if number in numbers)

    def in_prose(piece: str) -> str:
        fresh = _MARKED.sub(rewritten, piece)
        return _LOOSE.sub(r"\1", fresh) if fresh != piece else piece

    return "".join(piece if is_code else in_prose(piece) for piece, is_code in split_code(text))


def _numbers_of(marker: str) -> str:
    """``【3†source】`` cites 3 only."""
    return marker.split("†", 1)[0]
