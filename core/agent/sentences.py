"""Where sentences end, in text that may still be arriving. Concatenating the pieces always gives the text back.

One pass over the text: nothing before or behind a possible end is looked through again.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator

from core.agent.code_spans import CodeMap

MARKER = r"(?:\[\^?\d{1,4}(?:\s*+[,;]\s*+\^?\d{1,4})*\]|【\d{1,4}[^】\n]{0,20}】)"
_END = re.compile(
    r"(?P<stop>[.!?…؟۔]++[\"'”’»)\]*_]*+|[。！？][」』”’)]*+)"
    rf"(?P<marks>(?:[ \t]*+{MARKER})*[.,;:]?)"
    r"(?P<space>\s*+)"
)
STOP = re.compile(r"[.!?…؟۔。！？\n]")
_LINE = re.compile(r"\n\s*+")
_INK = re.compile(r"\S")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[„“\"])(?:e\.g|i\.e|etc|vs|cf|approx|incl|no|nos|nr|mr|mrs|ms|dr|prof|st|inc|ltd|co|fig|p|pp|vol|z\.\s?b|d\.\s?h|u\.\s?a|"
    r"bzw|ca|ggf|inkl|evtl|usw|abs|art|p\.\s?ex|env|sr|sra|sres|ud|uds|ej|p\.\s?ej|núm|\w)$",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\[(\^?\d{1,4}(?:\s*+[,;]\s*+\^?\d{1,4})*)\]")
_MARKER_BEGUN = re.compile(r"(?:\[\^?[\d,;\s^]*|【[^】]*)")
_LONGEST_ABBREVIATION = 12  # characters, with what stands before it
_ORDINAL = re.compile(r"(?<![\w.,:$€£])\d{2}$")
_MONTHS = frozenset(["jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"])
"""German ones alone are written with a capital behind a day with a stop."""
_MONTH = 3
_LIST_NUMBER = re.compile(r"\d{1,3}|[a-zA-Z]")


def _goes_on(match: re.Match[str]) -> bool:
    """A stop inside a quotation, or dots, in the middle of a sentence: press “Forgot password?” on the page."""
    stop = match["stop"]
    after = match.string[match.end() : match.end() + 1]
    return (len(stop) > 1 or stop == "…") and not match["marks"] and after.islower()


class _Ends:
    """Reads the ends of sentences off a text, from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._code = CodeMap(text)
        self._start = self._free = self._seen = 0
        self._line = self._line_ink = -1

    def __iter__(self) -> Iterator[tuple[int, bool]]:
        """Each end, and whether only more text can tell whether it is one. Without the end of the text."""
        text = self._text
        candidates = heapq.merge(_END.finditer(text), _LINE.finditer(text), key=lambda match: match.end())
        first = self._begin(0)
        for match in candidates:
            end = match.end()
            if match.start() < self._start or end <= first or not self._may_end(match):
                continue
            block = self._open_block(end)
            if block < 0:
                return
            if end < block or self._code.in_span(self._start, end):
                continue
            yield end, end == len(text) or text.startswith(("[", "【"), end)
            first = self._begin(end)

    def _begin(self, start: int) -> int:
        """A sentence starts here; up to where nothing can end it: white space, or the fenced block that it begins with."""
        self._start = start
        lead = start
        while self._text.startswith("\n", lead):
            lead += 1
        block = self._code.block_at(lead)
        self._free = len(self._text) if block == -1 else block or start
        ink = _INK.search(self._text, start)
        return max(self._free, ink.start() if ink else len(self._text))

    def _open_block(self, end: int) -> int:
        """Where the last fenced block ends that began before ``end``; -1 when it is not closed."""
        while (block := self._code.next_block(max(self._free, self._start))) is not None and block[0] < end:
            if block[1] < 0:
                return -1
            self._free = block[1]
        return self._free

    def _may_end(self, match: re.Match[str]) -> bool:
        """Whether it ends a sentence rather than an abbreviation, a list number, a decimal or a quotation inside it."""
        if match.re is _LINE:
            return True
        space, stop = match["space"], match["stop"]
        if not space and stop[0] in ".!?…؟۔" and match.end() < len(self._text):
            return False
        if _goes_on(match):
            return False
        if not stop.startswith("."):
            return True
        return bool(space or match["marks"]) and not self._is_shortened(match.start())

    def _is_shortened(self, stop: int) -> bool:
        """Whether the stop belongs to an abbreviation, or to the number of an item."""
        line = max(self._start, self._line, self._text.rfind("\n", self._seen, stop) + 1)
        self._seen = max(self._seen, stop)
        if line > self._line:
            ink = _INK.search(self._text, line)
            self._line, self._line_ink = line, ink.start() if ink else len(self._text)
        if stop - self._line_ink <= 3 and _LIST_NUMBER.fullmatch(self._text, self._line_ink, stop):
            return True
        before = self._text[max(self._line, stop - _LONGEST_ABBREVIATION) : stop]
        return _ABBREVIATION.search(before) is not None or self._is_ordinal(before, stop)

    def _is_ordinal(self, before: str, stop: int) -> bool:
        """Whether it is the stop of "12. November" or "12. marts"; also while the word behind it is still to come."""
        behind = self._text[stop + 1 : stop + 5].lstrip(" ")
        goes_on = len(behind) < _MONTH or behind[0].islower() or behind[:_MONTH].lower() in _MONTHS
        return goes_on and _ORDINAL.search(before) is not None


def _undecided_marker(text: str, start: int) -> bool:
    """A bracket right after a sentence may still turn out to be its citation marker."""
    rest = text[start : start + 8]
    return rest in ("", "[", "【") or bool(_MARKER_BEGUN.fullmatch(rest))


def complete_sentences(text: str) -> tuple[list[str], str]:
    """The sentences of a text that still arrives, with their citation markers and trailing white space, and what is left."""
    found = []
    start = 0
    for end, doubtful in _Ends(text):
        if doubtful and _undecided_marker(text, end):
            break
        found.append(text[start:end])
        start = end
    return found, text[start:]


def sentences(text: str) -> list[str]:
    """All sentences of a finished text; they concatenate to it."""
    found = []
    start = 0
    for end, _ in _Ends(text):
        found.append(text[start:end])
        start = end
    return [*found, text[start:]] if start < len(text) else found


def without_markers(text: str) -> str:
    """Quoted text whose own bracketed numbers cannot be taken for citation markers: "[2]" becomes "(2)"."""
    return _MARKER.sub(r"(\1)", text)
