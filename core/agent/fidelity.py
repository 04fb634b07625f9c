"""What a translation must not change: links, addresses, code, numbers. Pure, so that no model is trusted with an amount."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>()\[\]\"'«»“”]+", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NAME_WITH_DIGITS = re.compile(r"(?<![\w#./-])#?(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z][\w./-]*\w")
_GROUPED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_NUMBER = re.compile(r"\d{1,3}(?:[.,'’٬]\d{3})+(?:[.,٫]\d{1,2})?(?!\d)|\d+(?:[.,٫]\d{1,2}(?![.,]?\d))?")
_DECIMALS = re.compile(r"[.,٫](\d{1,2})$")
_END = ".,;:!?)…"


def lost(original: str, translation: str) -> tuple[str, ...]:
    """What of the original's is not in the translation, and what of the translation's was not in the original."""
    before, after = Counter(_kept(original)), Counter(_kept(translation))
    return tuple(dict.fromkeys([*(before - after), *(after - before)]))


def added(original: str, other: str) -> tuple[str, ...]:
    """What of the other text was nowhere in the original."""
    known = set(_kept(original))
    return tuple(one for one in dict.fromkeys(_kept(other)) if one not in known)


def _kept(text: str) -> Iterator[str]:
    """Each as it is to be found again. Numbers without the signs that group them, which every language sets otherwise."""
    rest = _in_ascii_digits(text)
    for pattern in (_CODE, _LINK, _ADDRESS, _NAME_WITH_DIGITS):
        for match in pattern.finditer(rest):
            yield match[0].rstrip(_END) if pattern is not _CODE else match[0]
        rest = pattern.sub(" ", rest)
    rest = _GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), rest)
    for match in _NUMBER.finditer(rest):
        yield _number(match[0])


def _number(written: str) -> str:
    """One or two digits behind the last sign are decimals in every language: 1.50 is not 150."""
    decimals = _DECIMALS.search(written)
    whole = re.sub(r"\D", "", written[: decimals.start()] if decimals else written)
    return f"{whole}.{decimals[1]}" if decimals else whole


def _in_ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in text)
