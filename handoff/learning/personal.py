"""Takes out of a text what is about one customer alone, before others may be answered with it. Pure.

What only looks like it goes as well (a long number, the company's own phone number): somebody of the staff reads the text before
it is used, and can write it in again, but nobody can take back what was published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import regex
from phonenumbers import Leniency, PhoneNumberMatcher

GAP = "[…]"
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_REFERENCE = re.compile(r"(?<!\w)#?(?=[\w/-]*\d[\w/-]*\d)(?=[\w/-]*[A-Za-z])[A-Za-z][\w/-]*\w|(?<!\w)#\d+")
_RUN = re.compile(r"[\w#/-]++")
_LONGEST_WORD = 200
"""Characters; nothing longer is a word of a language."""
_LONG_NUMBER = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){4,}(?![\w,]|\.\d)")
_MONEY = re.compile(
    r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF)\b)\s*$|^\s*(?:[€$£¥]|euros?\b|dollars?\b|(?:EUR|USD|GBP|CHF)\b)", re.IGNORECASE
)
_NAME = r"(?:\[…\]|\p{Lu}[\p{L}'’.-]*)"
"""One word of a name: names have capitals where a language has them."""
_TITLED = regex.compile(
    r"\b(?:Frau|Herrn?|Madame|Mme|Mlle|Monsieur|Mrs?|Ms|Miss|Señora?|Sra?|Dr|Prof)\b\.?\s+"
    + _NAME
    + r"(?:[ -]\p{Lu}[\p{L}'’-]+)?"
)
_GREETS = (
    r"(?i:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|moin|servus|guten (?:tag|morgen|abend)|"
    r"sehr geehrte[rs]?|liebe[rs]?|"
    r"bonjour|bonsoir|salut|ch(?:er|ère)|hola|estimad[oa]|buenos días|buenas tardes|مرحبا|أهلا|السلام عليكم)\b"
)
_HELLO = regex.compile(
    rf"^\s*{_GREETS}(?i:\s+(?:there|all|zusammen|frau|herr|mr|ms|mrs|mme|madame|monsieur|sr|sra))?\.?"
    rf"(?:,?\s+{_NAME}(?:\s+{_NAME}){{0,2}})?\s*(?:[,!.:،-]+\s*|\n\s*)"
)
_BYE = (
    r"(?i:(?:best|kind|warm) (?:regards|wishes)|regards|cheers|best|thanks|lg|"
    r"(?:viele|liebe|freundliche|mit freundlichen) grüße?n?|"
    r"cordialement|bien à vous|saludos|un saludo|atentamente|مع التحية)"
)
_GOODBYE = regex.compile(rf"\n[^\S\n]*+{_BYE}[^\n]{{0,20}}(?:\n[^\n]{{0,60}})?\s*$")
_GOODBYE_IN_LINE = regex.compile(rf"(?<=[.!?…])\s+{_BYE}\b\s*,?(?:\s*{_NAME}){{1,3}}[.!]?\s*$")
_SHORTEST_NAME = 3


def without_persons(text: str, names: Iterable[str | None]) -> str:
    """The text with a gap where a name of ``names`` or behind a title, an address, a phone or an order number was.

    Greetings and signatures go as a whole, with whatever name they hold.
    """
    text = _ADDRESS.sub(GAP, text)
    for match in reversed(list(PhoneNumberMatcher(text, None, leniency=Leniency.POSSIBLE))):
        text = text[: match.start] + GAP + text[match.end :]
    text = _RUN.sub(lambda run: _REFERENCE.sub(GAP, run[0]) if len(run[0]) <= _LONGEST_WORD else GAP, text)
    text = _LONG_NUMBER.sub(lambda match: match[0] if _is_money(text, match) else GAP, text)
    for part in sorted(_parts(names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w)@?{re.escape(part)}(?!\w)", GAP, text, flags=re.IGNORECASE)
    text = _TITLED.sub(GAP, text)
    text = _GOODBYE_IN_LINE.sub("", _GOODBYE.sub("", _HELLO.sub("", text))).strip()
    return text[:1].upper() + text[1:]


def has_gap(text: str) -> bool:
    """Whether something was taken out that the text may need."""
    return GAP in text


def _is_money(text: str, match: re.Match[str]) -> bool:
    before, after = text[max(0, match.start() - 6) : match.start()], text[match.end() : match.end() + 10]
    return _MONEY.search(before) is not None or _MONEY.search(after) is not None


def _parts(names: Iterable[str | None]) -> set[str]:
    whole = {" ".join(name.split()) for name in names if name and name.strip()}
    return {part for name in whole for part in (name, *name.split()) if len(part) >= _SHORTEST_NAME}
