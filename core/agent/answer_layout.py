"""The shape of an answer's pieces, and how those that are shown are put together again."""

from __future__ import annotations

import re
from enum import Enum, auto

from core.agent.literal import words
from core.agent.markers import BLOCK as CODE_BLOCK

_ROW = re.compile(r"\|")
_RULE = re.compile(r"\|?\s*:?-{3,}:?\s*(?:\|\s*:?-*:?\s*)*")
_ITEM = re.compile(r"(?:[-*+•]|\d{1,3}[.)])\s")
_NUMBERED = re.compile(r"(\d{1,3})(?=[.)]\s)")
_LEADS = re.compile(r"[:：][*_ ]*$")
_HEADING = re.compile(r"#{1,6} |\*\*[^*\n]{1,80}\*\*$|__[^_\n]{1,80}__$")
_FENCES = ("```", "~~~")
_SHORT_WORDS, _SHORT_CHARS = 2, 20


class Shape(Enum):
    """``LEAD``: what ends in a colon, or is a heading; ``HEAD``: a table's first row; ``SHORT``: two words or less."""

    SENTENCE = auto()
    ITEM = auto()
    ROW = auto()
    CODE = auto()
    LEAD = auto()
    HEAD = auto()
    RULE = auto()
    SHORT = auto()


CARRIED = frozenset({Shape.LEAD, Shape.HEAD, Shape.RULE, Shape.SHORT})
"""What is shown only together with what it leads to."""
BLOCK = frozenset({Shape.ITEM, Shape.ROW, Shape.HEAD, Shape.RULE, Shape.CODE})
"""What begins on a line of its own."""


def shape_of(body: str, before: Shape | None) -> Shape:
    """``body``: a piece without markers and surrounding white space; ``before``: of the piece before it in its paragraph."""
    if CODE_BLOCK.match(body):
        return Shape.CODE
    if _RULE.fullmatch(body):
        return Shape.RULE
    if _ROW.match(body):
        return Shape.ROW if before in (Shape.ROW, Shape.RULE, Shape.HEAD) else Shape.HEAD
    if _LEADS.search(body) or _HEADING.match(body):
        return Shape.LEAD
    if _ITEM.match(body):
        return Shape.ITEM
    opens = before in (None, Shape.SHORT)
    if opens and len(body) <= _SHORT_CHARS and len(words(body)) <= _SHORT_WORDS and not any(map(str.isdigit, body)):
        return Shape.SHORT
    return Shape.SENTENCE


def parting_gap(before: Shape | None, shape: Shape) -> str:
    """What parts two pieces between which the model wrote no white space."""
    if shape in BLOCK or before in (Shape.LEAD, Shape.CODE):
        return "\n"
    return "\n\n" if before in BLOCK else " "


class Layout:
    """Gives what is to be emitted for each piece that is shown; pieces that are left out leave no hole in a list's numbers."""

    def __init__(self) -> None:
        self._out: list[str] = []
        self._left = ""
        self._written = self._shown = 0

    @property
    def text(self) -> str:
        """All that was shown."""
        return "".join(self._out)

    def show(self, gap: str, text: str) -> str:
        """The piece with the white space before it and, in a numbered list, the number it has now."""
        if text.startswith(_FENCES) and "\n" not in gap:
            gap = "\n"  # anywhere else it would open no block
        if (numbered := self._count(text)) is not None:
            self._shown += 1
            text = f"{self._shown}{text[numbered.end() :]}"
        added = (wider(self._left, gap) if self._out else "") + text
        self._left = ""
        self._out.append(added)
        return added

    def skip(self, gap: str, text: str) -> None:
        """The piece is left out."""
        self._left = wider(self._left, gap)
        self._count(text)

    def _count(self, text: str) -> re.Match[str] | None:
        """Note the number with which a list's item was written, and return it."""
        found = _NUMBERED.match(text)
        if found is not None:
            if int(found[1]) != self._written + 1:
                self._shown = int(found[1]) - 1  # another list
            self._written = int(found[1])
        return found


def wider(one: str, other: str) -> str:
    """The separator that parts more: a paragraph beats a line beats a space."""
    return max(one, other, key=lambda gap: (gap.count("\n"), len(gap)))
