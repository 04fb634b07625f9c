"""National ids that carry a check: Germany, Spain, France, Italy, Poland, Brazil; and the social security number of the USA."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

_START, _END = "(?<![0-9A-Z])", "(?![0-9A-Z])"
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (*((1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2), *(2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)),
        strict=True,
    )
)
"""What a sign at an odd place of an Italian code counts (decree of 23 December 1976)."""


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends. Takes linear time."""
    for pattern, check in _IDS:
        for found in pattern.finditer(text):
            if check("".join(filter(str.isalnum, found[0])).upper()):
                yield found.span()


def _german(code: str) -> bool:
    """ISO 7064, mod 11,10."""
    product = 10
    for digit in map(int, code[:-1]):
        product = ((digit + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(code[-1])


def _spanish(code: str) -> bool:
    number = str("XYZ".index(code[0])) + code[1:-1] if code[0] in "XYZ" else code[:-1]
    return _DNI[int(number) % 23] == code[-1]


def _french(code: str) -> bool:
    number = code[:-2].replace("2A", "19").replace("2B", "18")
    return 97 - int(number) % 97 == int(code[-2:])


def _italian(code: str) -> bool:
    even = sum(int(sign, 36) - (10 if sign.isalpha() else 0) for sign in code[1:15:2])
    return chr(ord("A") + (sum(_ODD[sign] for sign in code[:15:2]) + even) % 26) == code[-1]


def _polish(code: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(code, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), strict=True))
    return total % 10 == 0 and 1 <= int(code[4:6]) <= 31


def _brazilian(code: str) -> bool:
    for length in (9, 10):
        total = sum(int(digit) * weight for digit, weight in zip(code, range(length + 1, 1, -1), strict=False))
        if total * 10 % 11 % 10 != int(code[length]):
            return False
    return len(set(code)) > 1


def _american(code: str) -> bool:
    """It has no check digit: what was never given out does not count."""
    return code[:3] not in ("000", "666") and code[0] != "9" and code[3:5] != "00" and code[5:] != "0000"


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(f"{_START}{form}{_END}", re.IGNORECASE | re.ASCII)


_IDS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (_pattern(r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}"), _german),
    (_pattern(r"(?:\d{8}|[XYZ]-?\d{7})-?[A-Z]"), _spanish),
    (_pattern(r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"), _french),
    (_pattern(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"), _italian),
    (_pattern(r"\d{11}"), _polish),
    (_pattern(r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}"), _brazilian),
    (_pattern(r"\d{3}-\d{2}-\d{4}"), _american),
)
