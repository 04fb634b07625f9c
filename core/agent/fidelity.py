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
_GROUPED = re.compile(r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)")
_NUMBER = re.compile(r"\d{1,3}(?:[.,'’٬]\d{3})+(?:[.,٫]\d{1,2})?(?!\d)|\d+(?:[.,٫]\d{1,2}(?![.,]?\d))?")
_DECIMALS = re.compile(r"[.,٫](\d{1,2})$")
_NO_DIGIT = re.compile(r"\D")
_END = ".,;:!?)…"


def lost(original: str, translation: str) -> tuple[str, ...]:
    """What of the original's is not in the translation, and what of the translation's was not in the original."""
    before, after = Counter(_kept(original)), Counter(_kept(translation))
    return tuple(dict.fromkeys([*(before - after), *(after - before)]))


def added(original: str, other: str) -> tuple[str, ...]:
    """What of the other text was nowhere in the original."""
    known = set(_kept(original))
    return tuple(one for one in dict.fromkeys(_kept(other)) if one not in known)


def literals(text: str) -> tuple[list[str], str]:
    """Code, links, addresses and names with digits; and the rest, its digits ASCII and without the spaces that group them."""
    found: list[str] = []
    rest = _in_ascii_digits(text)
    for pattern in (_CODE, _LINK, _ADDRESS, _NAME_WITH_DIGITS):
        found.extend(match[0] if pattern is _CODE else match[0].rstrip(_END) for match in pattern.finditer(rest))
        rest = pattern.sub(" ", rest)
    return found, _GROUPED.sub(lambda match: _NO_DIGIT.sub("", match[0]), rest)


def numbers(rest: str) -> Iterator[re.Match[str]]:
    """Numbers in digits, as they are written."""
    return _NUMBER.finditer(rest)


def number(written: str) -> str:
    """The same for every language. One or two digits behind the last sign are decimals: 1.50 is not 150."""
    decimals = _DECIMALS.search(written)
    whole = _NO_DIGIT.sub("", written[: decimals.start()] if decimals else written)
    return f"{whole}.{decimals[1]}" if decimals else whole


def _kept(text: str) -> Iterator[str]:
    """Each as it is to be found again. Numbers without the signs that group them, which every language sets otherwise."""
    found, rest = literals(text)
    yield from found
    for match in numbers(rest):
        yield number(match[0])


def _in_ascii_digits(text: str) -> str:
    return "".join(str(unicodedata.digit(char)) if char.isdecimal() else char for char in text)
