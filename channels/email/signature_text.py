"""Where a writer's own words end and what stands under every mail of theirs begins."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain

from mailparser_reply.constants import MAIL_LANGUAGES  # type: ignore[import-untyped]

_DELIMITER = re.compile(r"^(?:--|—|–|__)\s*$")
"""RFC 3676, section 4.3, and what becomes of it on the way."""
_RULE = re.compile(r"^[-_*=]{10,}$")
_INITIALS = re.compile(r"^--?\s?[^\W\d_][\w.'’]*(?: [\w.'’]+){0,3}$")
_CONTACT = re.compile(r"https?://|www\.|@|\+?\d[\d ()/.-]{6,}")
_BLOCK = 14
"""The most lines that stand under a closing."""
_SHORT = 90
_NAME = 2
"""How many lines below a closing the name may stand."""


def without_signature(lines: Sequence[str]) -> list[str]:
    """The lines above it. A closing and the name under it stay: they are the writer's, and tell who writes."""
    kept = _above_delimiter(lines)
    kept = _without_tail(kept)
    return _without_contacts(kept)


def _above_delimiter(lines: Sequence[str]) -> list[str]:
    first, texts = _tail(lines)
    for number, line in enumerate(lines):
        if _DELIMITER.match(line.strip()) and len(lines) - number <= 4 * _BLOCK:
            return list(lines[:number])
        if number >= first and _RULE.match(line.strip()) and _is_footer(texts, number):
            return list(lines[:number])
    return list(lines)


def _tail(lines: Sequence[str]) -> tuple[int, list[tuple[int, str]]]:
    """From which line on no more than a block of lines with text follows, and those lines with their places."""
    texts: list[tuple[int, str]] = []
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].strip():
            texts.append((number, lines[number]))
        if len(texts) > _BLOCK:
            return number, texts[:-1]
    return 0, texts


def _is_footer(texts: Sequence[tuple[int, str]], rule: int) -> bool:
    under = [line for number, line in texts if number > rule]
    return not any("?" in _CONTACT.sub("", line) for line in under) and (
        not under or any(_CONTACT.search(line) for line in under)
    )


def _without_tail(lines: list[str]) -> list[str]:
    """ "Sent from my iPhone", "-Ann": last lines that no one wrote for this mail."""
    kept = list(lines)
    while True:
        while kept and not kept[-1].strip():
            kept.pop()
        if len(kept) > 1 and (_sent_from().match(kept[-1].strip()) or _signed_off(kept)):
            kept.pop()
            continue
        return kept


def _signed_off(lines: Sequence[str]) -> bool:
    if not _INITIALS.match(lines[-1].strip()) or lines[-2].strip():
        return False
    return sum(line.lstrip().startswith("-") for line in lines) == 1  # otherwise it is a list


def _without_contacts(lines: list[str]) -> list[str]:
    first, texts = _tail(lines)
    # A closing has a name under it, and the block under that: the name is the one line more.
    for number in range(max(1, first - _NAME), len(lines)):
        if not _closing().match(lines[number].strip()):
            continue
        named = next((place for place in range(number + 1, min(number + 3, len(lines))) if lines[place].strip()), None)
        if named is None or named < first:
            continue
        under = [line for place, line in texts if place > named]
        block = all(len(line) <= _SHORT and "?" not in line for line in under)
        if block and any(_CONTACT.search(line) for line in under):
            return lines[: named + 1]
    return lines


@cache
def _closing() -> re.Pattern[str]:
    known = "|".join(dict.fromkeys(_phrases("signatures")))
    return re.compile(rf"(?:{known})[\w ]{{0,20}}[,.!]*$", re.IGNORECASE)


@cache
def _sent_from() -> re.Pattern[str]:
    known = "|".join(dict.fromkeys(_phrases("sent_from")))
    return re.compile(rf"(?:{known})(?: [^\s,;:!?]+){{0,5}}(?: ?<[^>]*>)?\.?$", re.IGNORECASE)


def _phrases(kind: str) -> list[str]:
    found = (language.get(kind, []) for language in MAIL_LANGUAGES.values())
    return list(chain.from_iterable([one] if isinstance(one, str) else one for one in found))
