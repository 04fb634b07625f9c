"""Code in Markdown (CommonMark: fenced blocks and code spans), in which brackets are no citations and stops end nothing.

Time is linear in the text: the ends of blocks are found once, and the ticks of a line once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

_FENCE = r"[ \t]*+(?P<fence>`{3,}+(?=[^`\n]*+$)|~{3,}+)"
_OPENER = re.compile(rf"^{_FENCE}.*+", re.MULTILINE)
_OPENER_HERE = re.compile(rf"{_FENCE}.*+", re.MULTILINE)
_CLOSER = re.compile(r"^[ \t]*+(?P<fence>`{3,}+|~{3,}+)[ \t]*+$", re.MULTILINE)
_TICKS = re.compile(r"`+")


class CodeMap:
    """Where the code of a text is. Positions are asked for in rising order."""

    def __init__(self, text: str) -> None:
        self._text = text
        fenced = "```" in text or "~~~" in text
        self._closers = list(_CLOSER.finditer(text)) if fenced else []
        self._starts = [closer.start() for closer in self._closers]
        self._openers = _OPENER.finditer(text) if fenced else iter(())
        self._block: tuple[int, int] | None = (-1, -1)
        self._spans = iter(_spans(text))
        self._span = next(self._spans, None)
        self._lone = -1
        self._line = self._seen = 0

    def block_at(self, place: int) -> int | None:
        """Where the fenced block that begins at a place ends: None without one, -1 when it is not closed."""
        opener = _OPENER_HERE.match(self._text, place)
        return None if opener is None else self._end_of(opener)

    def next_block(self, place: int) -> tuple[int, int] | None:
        """The first block that begins on a line of its own, at a place or behind it: its start, and its end as above."""
        while self._block is not None and self._block[0] < place:
            opener = next((one for one in self._openers if one.start("fence") >= place), None)
            self._block = None if opener is None else (opener.start("fence"), self._end_of(opener))
        return self._block

    def in_span(self, start: int, place: int) -> bool:
        """Whether a code span that began behind ``start`` is open at a place, or ticks on its line that nothing closes."""
        self._line = max(self._line, self._text.rfind("\n", self._seen, place) + 1)
        self._seen = place
        while self._span is not None and self._span[0] < place:
            begin, end = self._span
            if end > place:
                return True
            if end < 0:
                self._lone = begin
            self._span = next(self._spans, None)
        return self._lone >= max(self._line, start)

    def _end_of(self, opener: re.Match[str]) -> int:
        """At the next line of as many of its marks, or more."""
        for place in range(bisect_right(self._starts, opener.end()), len(self._closers)):
            if self._closers[place]["fence"].startswith(opener["fence"]):
                return self._closers[place].end()
        return -1


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Code spans as start and end; ticks that nothing on their line closes have the end -1."""
    runs: list[re.Match[str]] = []
    line_end = -1
    for run in _TICKS.finditer(text):
        if run.start() > line_end:
            yield from _closed(runs)
            runs = []
            line_end = text.find("\n", run.end())
            line_end = len(text) if line_end < 0 else line_end
        runs.append(run)
    yield from _closed(runs)


def _closed(runs: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """The spans of one line: a run of ticks is closed by the next one of its length."""
    latest: dict[int, int] = {}
    partner = [-1] * len(runs)
    for place in range(len(runs) - 1, -1, -1):
        length = runs[place].end() - runs[place].start()
        partner[place] = latest.get(length, -1)
        latest[length] = place
    place = 0
    while place < len(runs):
        closing = partner[place]
        yield runs[place].start(), runs[closing].end() if closing >= 0 else -1
        place = max(closing, place) + 1


def _code(text: str) -> Iterator[tuple[int, int]]:
    """Fenced blocks, also an open one, and closed code spans, in order: start and end."""
    code = CodeMap(text)
    place = 0
    for start, end in _spans(text):
        while (block := code.next_block(place)) is not None and block[0] <= start:
            place = block[1] if block[1] >= 0 else len(text)
            yield block[0], place
        if start >= place and end >= 0:
            yield start, end
            place = end
    while (block := code.next_block(place)) is not None:  # of tildes, behind the last tick
        place = block[1] if block[1] >= 0 else len(text)
        yield block[0], place


def leading_block(text: str) -> int:
    """How long the fenced block is that the text begins with: 0 without one, -1 while it is not closed."""
    return CodeMap(text).block_at(len(text) - len(text.lstrip("\n"))) or 0


def split_code(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is code; they concatenate to it."""
    pieces: list[tuple[str, bool]] = []
    place = 0
    for start, end in _code(text):
        pieces += [(text[place:start], False), (text[start:end], True)]
        place = end
    return [*pieces, (text[place:], False)]


def prose(text: str) -> str:
    """The text without its code."""
    return " ".join(piece for piece, is_code in split_code(text) if not is_code)
