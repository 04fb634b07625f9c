"""Finds personal data that can be told by its form, and puts placeholders in its place that can be resolved again.

Found are e-mail addresses, telephone numbers, IBANs, card numbers, IP addresses, and national ids with check digits. Names,
postal addresses and what no form tells are not. More may be masked than was meant, such as a long order number that passes a
check: the true text comes back wherever a placeholder is resolved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import NamedTuple

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

_KINDS = ("email", "phone", "iban", "card", "ip", "id")
_PLACEHOLDER = re.compile(rf"\[(?:{'|'.join(_KINDS)}) \d{{1,6}}\]", re.IGNORECASE)
_BEGUN = re.compile(r"\[(?:[a-z]{0,5}|[a-z]{2,5} \d{0,6})\Z", re.IGNORECASE)
"""At the end of a text: what may become a placeholder."""
_ESCAPE = re.compile(r'\\(?:[nrtbf"/]|u([0-9a-fA-F]{4}))')
"""In JSON the letter of an escape must not count as the beginning of a value."""
_FOLDED = str.maketrans(
    {
        **{first + digit: str(digit) for first in (0x660, 0x6F0, 0x966, 0xFF10) for digit in range(10)},
        **dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u202f"), " "),
        **dict.fromkeys(map(ord, "\u2010\u2011"), "-"),
        ord("＠"): "@",
    }
)
"""Other digits, spaces and hyphens, sign by sign."""
_MAYBE = re.compile(r"[\d@＠:]")
_AT = re.compile("@|%40")
_DOMAIN = re.compile(r"(?:\w[\w-]{0,62}\.){1,8}[^\W\d_]{2,24}")
_LONGEST_NAME, _NAME_SIGNS = 64, "._%+'-"
"""Of what stands before the @."""
_PHONE = re.compile(
    r"(?:(?<![0-9A-Za-z])(?:\(|0(?![.,]\d))|\+)[\d ()./-]{5,40}\d(?!\d)"
    r"|(?<![0-9A-Za-z.-])(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{3,4}(?![0-9A-Za-z-]|\.\d)"
)
_DATE = re.compile(r"(?<![\d./-])(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}([.-]|//?)\d{1,2}\1(?:\d{4}|\d{2}))(?![./-]?\d)")
_SHORTEST_PHONE, _SHORTEST_INTERNATIONAL = 9, 7
_IBAN = re.compile(r"(?<![0-9A-Za-z])(?=([A-Za-z]{2}[0-9]{2}(?:[ -]?[A-Za-z0-9]){11,30}))")
_SHORTEST_IBAN = 15
_DIGIT_GROUPS = re.compile(r"(?<![0-9A-Za-z])[0-9]{3,19}(?:[ -][0-9]{3,19}){0,400}(?![0-9A-Za-z])")
_GROUP = re.compile(r"[0-9]+")
_CARD_LENGTHS = range(13, 20)
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_IPV6 = re.compile(r"(?<![0-9a-z:])(?=[0-9a-f]{0,4}:)[0-9a-f:]{3,39}(?![0-9a-z:])", re.IGNORECASE)


def national_ids(text: str) -> Iterator[tuple[int, int]]:
    """Where each national id with a check begins and ends, or social security number of the USA. Takes linear time."""
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


class PersonalDatum(NamedTuple):
    """Where in a text something personal stands. ``kind``: as placeholders name it."""

    start: int
    end: int
    kind: str


class Placeholders:
    """Placeholders for the personal data of some texts, such as ``[email 1]``. The same value has the same one.

    ``texts``: all that will be masked or shown beside masked texts. What already looks like a placeholder in them stays as it
    is, and is never given to a value: whoever writes ``[email 1]`` does not get somebody's address for it.
    """

    def __init__(self, *texts: str) -> None:
        self._written = {found.lower() for text in texts for found in _PLACEHOLDER.findall(text)}
        self._by_value: dict[str, str] = {}
        self._values: dict[str, str] = {}
        self._counts = dict.fromkeys(_KINDS, 0)

    def mask(self, text: str) -> str:
        """The text with placeholders in place of personal data."""
        pieces, place = [], 0
        for datum in personal_data(text):
            value = _ESCAPE.sub(_decoded, text[datum.start : datum.end])
            pieces += [text[place : datum.start], self._placeholder(value, datum.kind)]
            place = datum.end
        return "".join([*pieces, text[place:]])

    def restore(self, text: str) -> str:
        """The text with the true values. A placeholder that was never given is left out."""
        return _PLACEHOLDER.sub(self._restored, text)

    def _restored(self, found: re.Match[str]) -> str:
        name = found[0].lower()
        return found[0] if name in self._written else self._values.get(name, "")

    def _placeholder(self, value: str, kind: str) -> str:
        known = self._by_value.get(value)
        while known is None:
            self._counts[kind] += 1
            name = f"[{kind} {self._counts[kind]}]"
            if name not in self._written:
                known = self._by_value[value] = name
                self._values[name] = value
        return known


def unfinished_placeholder(text: str) -> int:
    """Where the part at the end of a text begins that may be half a placeholder; the text's length where there is none."""
    last = text.rfind("[", -16)
    return last if last >= 0 and _BEGUN.match(text, last) else len(text)


def personal_data(text: str) -> list[PersonalDatum]:
    """What is personal in a text, in its order and without overlaps. Takes linear time."""
    if _MAYBE.search(text) is None:
        return []
    found: list[PersonalDatum] = []
    folded = _ESCAPE.sub(_unescaped, text).translate(_FOLDED)
    for one in sorted(_candidates(folded), key=lambda one: (one.start, -one.end)):
        if found and one.start < found[-1].end:
            found[-1] = found[-1]._replace(end=max(found[-1].end, one.end))
        else:
            found.append(one)
    return found


def _unescaped(found: re.Match[str]) -> str:
    """As many signs as the escape has. What may be part of a value counts as such: a slash, a letter, a plus, a space."""
    if found[1] is None:
        return "//" if found[0] == r"\/" else _blank(found)
    sign = chr(int(found[1], 16)).translate(_FOLDED)
    if sign == "+":
        return "+-----"
    sign = "é" if sign.isalpha() else sign
    return (sign if sign in "é '-" else "\0") * len(found[0])


def _decoded(found: re.Match[str]) -> str:
    """What people read, which JSON takes too: no value holds an escape of any other sign than a letter or in _unescaped."""
    return found[0][1:] if found[1] is None else chr(int(found[1], 16))


def _blank(found: re.Match[str]) -> str:
    """Signs that are part of no value, so that none reaches across."""
    return "\0" * len(found[0])


def _candidates(text: str) -> Iterator[PersonalDatum]:
    yield from _emails(text)
    for pattern in (_IPV4, _IPV6):
        yield from (PersonalDatum(*found.span(), "ip") for found in pattern.finditer(text) if _is_ip(found[0]))
    yield from _ibans(text)
    yield from (PersonalDatum(start, end, "id") for start, end in national_ids(text))
    yield from _cards(text)
    for found in _PHONE.finditer(_DATE.sub(_blank, text)):
        digits = sum(map(str.isdigit, found[0]))
        if digits >= (_SHORTEST_INTERNATIONAL if found[0].startswith("+") else _SHORTEST_PHONE):
            yield PersonalDatum(*found.span(), "phone")


def _emails(text: str) -> Iterator[PersonalDatum]:
    for found in _AT.finditer(text):
        domain, start = _DOMAIN.match(text, found.end()), found.start()
        first = max(0, start - _LONGEST_NAME)
        while start > first and (text[start - 1].isalnum() or text[start - 1] in _NAME_SIGNS):
            start -= 1
        if domain is not None and (name := text[start : found.start()].lstrip(_NAME_SIGNS)):
            yield PersonalDatum(found.start() - len(name), domain.end(), "email")


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return any(map(str.isdigit, text))


def _ibans(text: str) -> Iterator[PersonalDatum]:
    """Of the words behind an IBAN some may look like a part of it, so it may end with each of them."""
    for found in _IBAN.finditer(text):
        head = int("".join(str(int(sign, 36)) for sign in found[1][:4]))
        shift = 10 ** len(str(head)) % 97
        rest, count, end = 0, 4, 0
        for place, sign in enumerate(found[1][4:], found.start() + 4):
            if not sign.isalnum():
                continue
            value, count = int(sign, 36), count + 1
            rest = (rest * (100 if value > 9 else 10) + value) % 97
            after = text[place + 1 : place + 2]
            ends = not (after.isascii() and after.isalnum())
            if ends and count >= _SHORTEST_IBAN and (rest * shift + head) % 97 == 1:
                end = place + 1
        if end:
            yield PersonalDatum(found.start(), end, "iban")


def _cards(text: str) -> Iterator[PersonalDatum]:
    """Numbers that pass Luhn's check. Their digits may stand in groups of three or more.

    Sums up to each digit, with the even or the odd digits doubled, make each candidate one subtraction.
    """
    for found in _DIGIT_GROUPS.finditer(text):
        groups = [(one.start(), one.end()) for one in _GROUP.finditer(text, *found.span())]
        sums, ends = ([0], [0]), [0]
        for start, end in groups:
            for digit in map(int, text[start:end]):
                for parity, total in enumerate(sums):
                    doubled = len(total) % 2 == parity
                    total.append(total[-1] + (digit * 2 - 9 * (digit > 4) if doubled else digit))
            ends.append(ends[-1] + end - start)
        covered = 0
        for first, (start, _) in enumerate(groups):
            longest = 0
            for last in range(first, len(groups)):
                length = ends[last + 1] - ends[first]
                if length > _CARD_LENGTHS[-1]:
                    break
                total = sums[(ends[last + 1] + 1) % 2]
                if length in _CARD_LENGTHS and (total[ends[last + 1]] - total[ends[first]]) % 10 == 0:
                    longest = groups[last][1]
            if longest > covered:
                covered = longest
                yield PersonalDatum(start, longest, "card")
