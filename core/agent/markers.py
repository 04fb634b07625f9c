"""Source markers in an answer: ``[2]``, ``[1, 3]``, ``【4†source】``. Code is prose to nobody: brackets in it are no markers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.agent.code_spans import prose, split_code
from core.agent.sentences import MARKER

_MARKED = re.compile(rf"({MARKER})(?:\([^)\s]*\))?")
"""A marker, and the address of a link made of one: the address is the model's invention."""
_NUMBER = re.compile(r"\d+")
_LOOSE = re.compile(r"[ \t]+([.,;:!?…])")


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
