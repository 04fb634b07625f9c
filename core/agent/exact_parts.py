"""The parts of a text that are right or wrong to the letter: links, addresses, phone numbers, codes and figures.

They are compared without case, markup and grouping signs, in every script's digits. ``1.500`` may be one and a half or fifteen
hundred: a text that holds either reading holds the figure.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

_ENDS = (
    "(?:com|org|net|io|co|app|dev|info|biz|ai|ly|shop|online|site|xyz|link|example|test|eu|de|fr|es|uk|nl|pl|pt|br|ru|jp|cn"
    "|ch|se|tr|ca|au|gl|tv)"
)
"""How the name of a host ends. Countries whose sign is a word in some language are left out: "press Save.To" names no host."""
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"'`«»“”()\[\]|]{1,500}", re.IGNORECASE)
_HOST = re.compile(
    rf"(?<![\w@.\-/])(?:[a-z0-9][a-z0-9\-]{{0,40}}\.){{1,4}}{_ENDS}(?![\w\-]|\.\w)(?:/[^\s<>\"'`()\[\]|]{{0,300}})?",
    re.IGNORECASE,
)
_MAIL = re.compile(r"(?<![\w.+\-])[\w.+\-]{1,64}@[\w\-]{1,63}(?:\.[\w\-]{1,63}){1,4}")
_PHONE = re.compile(r"(?<![\w.,\-/])(?:\+\d|\(?0\d|\d{3}[ \-.]\d{3}[ \-.]\d{4}\b)[\d ()/.\-]{0,20}")
_DATE = re.compile(r"(?<!\d)(?:\d{4}[\-/.]\d{1,2}[\-/.]\d{1,2}|\d{1,2}[\-/.]\d{1,2}[\-/.]\d{2,4})(?!\d)")
_TIME = re.compile(r"(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?![\d:])")
_CODE = re.compile(
    r"(?<![\w\-])(?:[A-Z]{1,10}[\-_#]?(?=[A-Z0-9\-_]{0,30}\d\d)[A-Z0-9][A-Z0-9\-_]{1,40}"
    r"|[A-Za-z]{1,20}_(?=\w{0,30}\d)\w{1,40}"
    r"|(?=[a-z0-9]{0,30}\d[a-z0-9]{0,30}[a-z]|[a-z0-9]{0,30}[a-z][a-z0-9]{0,30}\d)[a-z0-9]{8,64}"
    r"|\#\d{3,20})(?![\w])"
)
_MAY_BE_EXACT = re.compile(r"[\d@]|\S\.\S|://")
"""Without any of these nothing of all that is in a text."""
_FOREIGN_DIGIT = re.compile(r"[^\D0-9]")
_JOINED = re.compile(r"(?<![\w#\-])(?=[^\W_]{0,64}[_#\-])[\w#\-]{3,64}")
_NUMBER = re.compile(r"\d{1,20}(?:[.,'’٬٫ \u00a0\u202f]\d{1,20}){0,6}")
_GROUPS = re.compile(r"\d{1,3}(?:[.,'’٬ \u00a0\u202f]\d{3})+(?:[.,٫]\d{1,2})?")
_DECIMAL = re.compile(r"\d+[.,٫]\d{1,6}")
_RUN = re.compile(r"\d{1,20}")
_CODES = "USD|EUR|GBP|CHF|PLN|JPY|TRY|INR|BRL|CNY|SAR|AED"
_SIGN_BEFORE = re.compile(rf"(?:[$€£¥₹₺₽%٪％]|\b(?:{_CODES}))\s?$")
_SIGN_BEHIND = re.compile(rf"\s{{0,2}}(?:[$€£¥₹₺₽%٪％]|(?:{_CODES})\b)")
_NAMED_SIGN = re.compile(
    r"\W?(?:per\s?c|pro[cz]|pour|por|eur|dol|dól|pound|pfund|livre|libra|fran|cent|zł|lir|yen|rup|rea)", re.IGNORECASE
)
"""How words for a share or a currency begin."""
_SIGNS = "%$"
_SHARES = "%٪％"
_WORD_BEHIND = re.compile(r"[\s\-\u00a0\u202f]?[^\W\d_]{2,20}")
_LIST_MARK = re.compile(r"^[^\S\n]*(?:[-*+•]\s+)?\d{1,3}[.)]\s+", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:`{3,}|~{3,})")
_TAIL = ".,;:!?…*_)]}>\"'”’»。，、"
_CLOCK = re.compile(r"\b(\d{1,2})(?::\d\d)?\s?([ap])\.?m\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]{3,20}")
_MONTHS = {name.lower(): Decimal(month) for month, name in enumerate(calendar.month_name) if name}
"""English: a language may write ``3 April`` as ``03/04``."""
_SMALLEST_PHONE = 7
_DEEPEST_PATH = 8
_SHORT_LABEL = 3
"""Characters: below "co.uk" the domain is one label longer."""


@dataclass(frozen=True, slots=True)
class Figure:
    """``readings``: what the written number may mean. ``sign``: of an amount of money or a share, else empty."""

    readings: frozenset[Decimal]
    sign: str = ""


@dataclass(frozen=True, slots=True)
class ExactParts:
    """``literal``: links, addresses, phone numbers and codes, as they are compared."""

    literal: frozenset[str]
    figures: tuple[Figure, ...]

    @property
    def none(self) -> bool:
        return not (self.literal or self.figures)


_NOTHING_EXACT = ExactParts(frozenset(), ())


def exact_parts(text: str) -> ExactParts:
    """What a sentence of an answer states to the letter. Of a block of code: only where to go, whom to call, what it costs."""
    if not _MAY_BE_EXACT.search(text):
        return _NOTHING_EXACT
    plain = in_ascii_digits(text)
    is_code = bool(_FENCE.match(plain.lstrip("\n")))
    plain = _LIST_MARK.sub(" ", plain)
    literal: set[str] = set()
    rest = _take(_MAIL, plain, literal, _folded)
    rest = _take(_URL, rest, literal, _domain_of if is_code else link_key)
    rest = _take(_HOST, rest, literal, _domain_of if is_code else link_key)
    if not is_code:
        rest = _take(_CODE, rest, literal, code_key)
    rest = _DATE.sub(_parted, _TIME.sub(_parted, rest))
    rest = _take(_PHONE, rest, literal, _phone_key)
    figures = (
        Figure(frozenset(_readings(written)), sign)
        for number in _NUMBER.finditer(rest)
        if (sign := _sign(rest, number)) or not is_code
        for written in _written(number[0])
    )
    return ExactParts(frozenset(literal), tuple(figures))


class ExactIndex:
    """Everything exact that some texts hold, to look up what an answer states."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.numbers: set[Decimal] = set()
        self._with_sign: dict[str, set[Decimal]] = {"%": set(), "$": set()}
        self._literal: set[str] = set()
        self._phones: set[str] = set()
        for text in texts:
            self._read(in_ascii_digits(text))

    def holds(self, literal: str) -> bool:
        """Whether a link, an address, a phone number or a code stands there."""
        if literal.startswith("tel:"):
            return any(phone.endswith(literal[4:]) or literal[4:].endswith(phone) for phone in self._phones)
        return literal in self._literal

    def has(self, figure: Figure) -> bool:
        """Whether a figure stands there: a share as a share, an amount with any currency's sign, or bare as in a table."""
        return not figure.readings.isdisjoint(self._with_sign.get(figure.sign, self.numbers))

    def has_all(self, parts: ExactParts) -> bool:
        """Whether all that a text states to the letter stands there."""
        return all(map(self.holds, parts.literal)) and all(map(self.has, parts.figures))

    def include(self, other: ExactIndex) -> None:
        """All that another holds."""
        self.numbers |= other.numbers
        self._literal |= other._literal
        self._phones |= other._phones
        for sign, values in other._with_sign.items():
            self._with_sign[sign] |= values

    def add(self, values: Iterable[Decimal]) -> None:
        """Further values that a figure may have, with any sign."""
        found = set(values)
        self.numbers |= found
        for values_of_sign in self._with_sign.values():
            values_of_sign |= found

    def _read(self, text: str) -> None:
        for match in (*_URL.finditer(text), *_HOST.finditer(text)):
            self._literal.update((*_prefixes(link_key(match[0])), _domain_of(match[0])))
        for match in _MAIL.finditer(text):
            address = _folded(match[0])
            self._literal |= {address, address.partition("@")[2], _domain_of(address.partition("@")[2])}
        self._literal.update(code_key(match[0]) for match in _CODE.finditer(text))
        self._literal.update(code_key(word) for word in _JOINED.findall(text))
        self._literal.update(word.casefold() for word in re.findall(r"[^\W_]{3,64}", text))
        self._phones.update(_phone_key(match[0])[4:] for match in _PHONE.finditer(text) if _phone_key(match[0]))
        self.numbers |= _numbers(text)
        for match in _NUMBER.finditer(text):
            sign = _sign(text, match)
            values = {value for written in _written(match[0]) for value in _readings(written)}
            word = _WORD_BEHIND.match(text, match.end())
            for kind in [sign] if sign else _SIGNS if word and _NAMED_SIGN.match(word[0]) else () if word else "$":
                self._with_sign[kind] |= values


def adds_to(given: str, text: str) -> bool:
    """Whether a text states something to the letter that was not given."""
    return not ExactIndex([given]).has_all(exact_parts(text))


def numbers_of(text: str) -> set[Decimal]:
    """Every number of a text in each of its readings."""
    return _numbers(in_ascii_digits(text))


def in_ascii_digits(text: str) -> str:
    return text if text.isascii() else _FOREIGN_DIGIT.sub(lambda digit: str(unicodedata.digit(digit[0])), text)


def link_key(link: str) -> str:
    """A link without its scheme, ``www.``, case of the host and what closes a sentence."""
    bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", link.rstrip(_TAIL), flags=re.IGNORECASE)
    host, slash, path = bare.partition("/")
    return (host.casefold() + slash + path).rstrip("/")


def code_key(code: str) -> str:
    """A code without case and separators: ``INV-2077`` and ``inv 2077`` are one."""
    return re.sub(r"[\W_]", "", code).casefold()


def _domain_of(link: str) -> str:
    """The domain that a host belongs to: an example's host may be another of the same company's."""
    labels = re.split(r"[/?#:]", link_key(link))[0].split(".")
    return ".".join(labels[-3:] if len(labels[-2:][0]) <= _SHORT_LABEL else labels[-2:])


def _folded(text: str) -> str:
    return text.rstrip(_TAIL).casefold()


def _phone_key(written: str) -> str:
    digits = re.sub(r"\D", "", written)
    return f"tel:{digits.lstrip('0')}" if len(digits) >= _SMALLEST_PHONE else ""


def _prefixes(link: str) -> Iterator[str]:
    """A link and what it begins with, cut where a path, a query or a fragment begins."""
    yield link
    for match in list(re.finditer(r"[/?#]", link))[:_DEEPEST_PATH]:
        yield link[: match.start()]


def _take(pattern: re.Pattern[str], text: str, found: set[str], key: Callable[[str], str]) -> str:
    """The text without what a pattern finds; what it finds is added, each as it is compared."""

    def taken(match: re.Match[str]) -> str:
        name = key(match[0])
        if not name:
            return match[0]
        found.add(name)
        return " "

    return pattern.sub(taken, text)


def _parted(match: re.Match[str]) -> str:
    return re.sub(r"\D", " ; ", match[0])


def _sign(text: str, number: re.Match[str]) -> str:
    """``%`` of a share, ``$`` of an amount in any currency."""
    before = _SIGN_BEFORE.search(text, max(0, number.start() - 5), number.start())
    found = before or _SIGN_BEHIND.match(text, number.end())
    if found is None:
        return ""
    return "%" if any(sign in found[0] for sign in _SHARES) else "$"


def _written(run: str) -> list[str]:
    """The numbers of a run of digits and signs: one where the signs group or part decimals, else each by itself."""
    if _GROUPS.fullmatch(run) or _DECIMAL.fullmatch(run):
        return [run]
    pieces = [piece for piece in re.split(r"[ \u00a0\u202f]", run) if _RUN.search(piece)]
    plain = (_GROUPS.fullmatch(piece) or _DECIMAL.fullmatch(piece) for piece in pieces)
    return [
        number
        for piece, kept in zip(pieces, plain, strict=True)
        for number in ([piece] if kept else _RUN.findall(piece))
    ]


def _readings(written: str) -> Iterator[Decimal]:
    """As a whole with its signs as grouping, and with the last one as the decimal sign."""
    digits = re.sub(r"\D", "", written)
    decimal = re.search(r"[.,٫](\d{1,6})$", written)
    grouped = _GROUPS.fullmatch(written) is not None
    if decimal is None or (grouped and len(decimal[1]) == 3):
        yield Decimal(digits).normalize()
    if decimal is not None:
        whole = re.sub(r"\D", "", written[: decimal.start()])
        yield Decimal(f"{whole}.{decimal[1]}").normalize()


def _numbers(text: str) -> set[Decimal]:
    found: set[Decimal] = set()
    for match in _NUMBER.finditer(text):
        for written in _written(match[0]):
            found.update(_readings(written))
        found.update(Decimal(run).normalize() for run in _RUN.findall(match[0]))
    found.update(Decimal(int(m[1]) % 12 + (12 if m[2] in "pP" else 0)) for m in _CLOCK.finditer(text))
    found.update(_MONTHS[word] for word in map(str.casefold, _WORD.findall(text)) if word in _MONTHS)
    return found
