"""Picks what to quote: the piece of a text that a question is about, cut at its own boundaries, never mid-sentence."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.agent.sentences import sentences, without_markers
from core.agent.wording import content_stems

_HEADING = re.compile(r"^#{1,6}\s")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_RULE = re.compile(r"(?=[\s:|]*+(?:-[\s:|]++)*+--)[\s:|-]++\Z")
_FULL_STOP = re.compile(r"[.!?…:。！？؟]['\"”’»)\]*_]*+\Z")
_CELL_TEXT = re.compile(r"[^\s|]")
_WORD_CHARACTER = re.compile(r"\w")
_WRAPPED_AT = 50
_TAIL = 40
"""Characters at the end of a text that tell whether a sentence ends there: a stop, and what closes behind it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, list item, heading or table row. ``glue`` is what stands between it and the unit before."""

    text: str
    glue: str
    heading: bool = False
    lead: str = ""

    @property
    def shown(self) -> str:
        """A table row under its table's header; a heading in bold, since a quotation has no outline of its own."""
        if self.heading:
            return f"**{_HEADING.sub('', self.text).strip('* ')}**"
        return f"{self.lead}\n{self.text}" if self.lead else self.text


def _unwrap(lines: Sequence[str]) -> list[str]:
    """Joins lines that were wrapped by a layout (PDF), leaving headings, list items and table rows alone."""
    joined: list[list[str]] = []
    length = 0
    for line in lines:
        said = line.strip()
        first, last = (joined[-1][0], joined[-1][-1]) if joined else ("", "")
        open_before = bool(last) and not _ends(last) and not _ROW.match(first) and not _HEADING.match(first)
        wrapped = length >= _WRAPPED_AT or line[:1].islower()
        stands_alone = any(pattern.match(line) for pattern in (_HEADING, _LIST_ITEM, _ROW))
        if said and open_before and wrapped and not stands_alone:
            joined[-1].append(said)
            length += len(said) + 1
        else:
            joined.append([line.rstrip()])
            length = len(joined[-1][0])
    return [" ".join(parts) for parts in joined]


def _ends(text: str) -> bool:
    """Whether a sentence ends with the text."""
    return _FULL_STOP.search(text.rstrip()[-_TAIL:]) is not None


def _header(lines: Sequence[str], start: int) -> tuple[str, int]:
    """Header and rule of the table that begins at ``start``, and how many lines they take; "" and 0 when none begins there.

    Converters put an empty header above tables that have none of their own; their first row takes its place.
    """
    if start + 1 >= len(lines) or not _RULE.match(lines[start + 1]):
        return "", 0
    rule = lines[start + 1].strip()
    if _CELL_TEXT.search(lines[start]):
        return f"{lines[start].strip()}\n{rule}", 2
    if start + 2 < len(lines) and _ROW.match(lines[start + 2]):
        return f"{lines[start + 2].strip()}\n{rule}", 3
    return "", 2


def units(text: str) -> list[Unit]:
    """A Markdown text as units in order."""
    lines = _unwrap(text.replace("\r\n", "\n").split("\n"))
    found: list[Unit] = []
    lead, gap, place = "", "", 0
    while place < len(lines):
        line = lines[place]
        header, taken = _header(lines, place) if _ROW.match(line) else ("", 0)
        place += taken or 1
        if not line.strip():
            lead, gap = "", "\n\n"
        elif taken:
            lead = header
        elif _ROW.match(line):
            if not _RULE.match(line):
                found.append(Unit(line.strip(), gap or "\n", lead=lead))
                gap = ""
        else:
            lead, heading = "", bool(_HEADING.match(line))
            for piece in sentences(line.strip()):
                found.append(Unit(piece.strip(), gap or "\n", heading=heading))
                gap = " "
            gap = ""
    return [unit for unit in found if unit.text]


@dataclass(frozen=True, slots=True)
class Match:
    """The best piece of a text for a question. ``coverage`` (0 to 1): how much of the question's meaning it holds."""

    text: str
    coverage: float


def _weights(wanted: Sequence[str], bags: Sequence[frozenset[str]]) -> dict[str, float]:
    seen = Counter(word for bag in bags for word in bag)
    return {word: math.log(1 + (len(bags) + 1) / (seen[word] + 0.5)) for word in set(wanted)}


def _join(chosen: Sequence[Unit]) -> str:
    text, lead = "", ""
    for unit in chosen:
        body = unit.text if unit.lead and unit.lead == lead else unit.shown
        glue = "\n" if unit.lead and unit.lead == lead else ("\n\n" if unit.lead else unit.glue)
        text = f"{text}{glue}{body}" if text else body
        lead = unit.lead
    return text


def _belongs(before: Unit, unit: Unit) -> bool:
    """Whether a unit goes with the one before it: same paragraph, or introduced by a heading or a colon."""
    return not unit.heading and (unit.glue != "\n\n" or before.heading or before.text.endswith(":"))


def _grow(all_units: Sequence[Unit], best: int, limit: int) -> tuple[int, int]:
    """From the best unit on to what belongs to it, then back to the start of its paragraph's line."""
    start, end = best, best + 1
    while end < len(all_units) and _belongs(all_units[end - 1], all_units[end]):
        if len(_join(all_units[start : end + 1])) > limit:
            break
        end += 1
    while start > 0 and all_units[start].glue == " " and len(_join(all_units[start - 1 : end])) <= limit:
        start -= 1
    return start, end


def best_match(text: str, question: str, *, limit: int = 700, known: str = "") -> Match:
    """The piece of ``text`` that covers the question best. Words that ``known`` (a file's name) holds are not asked for."""
    parts = units(text)
    context = frozenset(content_stems(known))
    wanted = [word for word in content_stems(question) if word not in context] or content_stems(question)
    if not parts or not wanted:
        return Match("", 0.0)
    bags = [frozenset(content_stems(unit.shown)) for unit in parts]
    weights = _weights(wanted, bags)
    total = sum(weights.values())

    def score(index: int) -> tuple[float, float]:
        own = sum(weight for word, weight in weights.items() if word in bags[index])
        return own / total, own / (total * (1 + len(bags[index])))

    best = max(range(len(parts)), key=lambda index: (score(index)[0] + score(index)[1], -index))
    start, end = _grow(parts, best, limit)
    around = frozenset().union(*bags[start:end])
    coverage = sum(weight for word, weight in weights.items() if word in around) / total
    return Match(_join(parts[start:end]), round(coverage, 4)) if coverage else Match("", 0.0)


def opening(text: str, *, limit: int = 500) -> str:
    """The first meaningful lines of a text."""
    chosen: list[Unit] = []
    for unit in units(text):
        if not _WORD_CHARACTER.search(unit.text):
            continue
        if chosen and len(_join([*chosen, unit])) > limit:
            break
        chosen.append(unit)
    return clip(_join(chosen), limit * 2)


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut between words, with a mark where something is missing."""
    if len(text) <= limit:
        return text
    head = text[: limit - 2]
    if not text[limit - 2].isspace() and len(head.split()) > 1:
        head = head.rsplit(None, 1)[0]
    return f"{head.rstrip()} …"


def one_line(text: str, limit: int) -> str:
    """A text on one line, at most ``limit`` characters, in which nothing can be taken for a citation marker."""
    return clip(without_markers(" ".join(text.split())), limit)


def whole_sentences(text: str) -> str:
    """Without a heading at the start and without half sentences at either end, as chunks of a document may have them."""
    parts = units(text)
    while len(parts) > 1 and parts[0].heading:
        parts = parts[1:]
    first = parts[0].text if parts else ""
    if len(parts) > 1 and first[:1].islower():
        parts = parts[1:]
    last = parts[-1] if parts else None
    plain_last = last is not None and not last.lead and not _LIST_ITEM.match(last.text)
    if len(parts) > 1 and last is not None and plain_last and not _ends(last.text):
        parts = parts[:-1]
    return _join(parts)


def quote(text: str, question: str, *, limit: int) -> str:
    """What to show of a passage: all of it when it is short, otherwise the sentences that the question is about."""
    body = whole_sentences(text)
    if len(body) <= limit:
        return body
    return best_match(body, question, limit=limit).text or opening(body, limit=limit)
