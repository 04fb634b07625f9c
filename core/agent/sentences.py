"""Where sentences end, in text that may still be arriving. Concatenating the pieces always gives the text back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from core.agent.markers import BLOCK, MARKER, SPAN

_END = re.compile(
    rf"{SPAN}|\n\s*+"
    r"|(?P<stop>[.!?…؟۔]++[\"'”’»)\]*_]*+|[。！？][」』”’)]*+)"
    rf"(?P<marks>(?:[ \t]*+{MARKER})*[.,;:]?)"
    r"(?P<space>\s*+)"
)
STOP = re.compile(r"[.!?…؟۔。！？\n]")
_SPACE = re.compile(r"\s*+")
_SHORTENED = re.compile(
    r"(?:^|[\s(\[„“\"])(?:e\.g|i\.e|etc|vs|cf|approx|incl|no|nos|nr|mr|mrs|ms|dr|prof|st|inc|ltd|co|fig|p|pp|vol|z\.\s?b|d\.\s?h|u\.\s?a|"
    r"bzw|ca|ggf|inkl|evtl|usw|abs|art|p\.\s?ex|env|sr|sra|sres|ud|uds|ej|p\.\s?ej|núm|\w)\Z|^\s*\d{1,3}\Z",
    re.IGNORECASE | re.MULTILINE,
)
"""An abbreviation, or the number of a list's item."""
_MARKER = re.compile(r"\[(\^?\d{1,4}(?:\s*+[,;]\s*+\^?\d{1,4})*)\]")
_MARKER_BEGUN = re.compile(r"(?:\[\^?[\d,;\s^]*|【[^】]*)?")
_LOOKED_BACK = 12  # characters: an abbreviation, with what stands before it
_ORDINAL = re.compile(r"(?<![\w.,:$€£])\d{2}\Z")
_MONTHS = frozenset(["jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez"])
"""German ones alone are written with a capital behind a day with a stop."""
_MONTH = 3


def _ends(text: str) -> Iterator[int]:
    """Without the end of the text."""
    start = 0
    while (end := _next_end(text, start)) is not None:
        yield end
        start = end


def _next_end(text: str, start: int) -> int | None:
    """Of the sentence that starts there; a fenced block at its beginning is a part of it."""
    begins = BLOCK.match(text, start) or _SPACE.match(text, start)
    place = begins.end() if begins else start
    while (match := _END.search(text, place)) is not None:
        if match["ticks"] is None and (match["stop"] is None or _ends_sentence(match, start)):
            return match.end()
        place = match.end("stop") if match["ticks"] is None else match.end()
    return None


def _ends_sentence(match: re.Match[str], start: int) -> bool:
    """Whether it ends a sentence rather than an abbreviation, a list number, a decimal or a quotation inside it."""
    text, stop = match.string, match["stop"]
    if not match["space"] and stop[0] in ".!?…؟۔" and match.end() < len(text):
        return False
    if (len(stop) > 1 or stop == "…") and not match["marks"] and text[match.end() : match.end() + 1].islower():
        return False  # a quotation, or dots: press “Forgot password?” on the page
    if not stop.startswith("."):
        return True
    before = text[max(start, match.start() - _LOOKED_BACK) : match.start()]
    if not (match["space"] or match["marks"]) or _SHORTENED.search(before):
        return False
    return not (_ORDINAL.search(before) and _names_month(text[match.start() + 1 : match.start() + 5].lstrip(" ")))


def _names_month(behind: str) -> bool:
    """Behind a day, as in "12. November" or "12. marts"; also while the word is still to come."""
    return len(behind) < _MONTH or behind[0].islower() or behind[:_MONTH].lower() in _MONTHS


def complete_sentences(text: str) -> tuple[list[str], str]:
    """The sentences of a text that still arrives, with their citation markers and trailing white space, and what is left."""
    found = []
    start = 0
    for end in _ends(text):
        if _MARKER_BEGUN.fullmatch(text[end : end + 8]):
            break  # it may be followed by a marker
        found.append(text[start:end])
        start = end
    return found, text[start:]


def sentences(text: str) -> list[str]:
    """All sentences of a finished text; they concatenate to it."""
    places = [0, *_ends(text), len(text)]
    return [text[start:end] for start, end in pairwise(places) if start < end]


def without_markers(text: str) -> str:
    """Quoted text whose own bracketed numbers cannot be taken for citation markers: "[2]" becomes "(2)"."""
    return _MARKER.sub(r"(\1)", text)
