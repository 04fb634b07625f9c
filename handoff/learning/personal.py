"""Takes out of a text what is about one customer alone, before others may be answered with it. Pure.

What only looks like it goes as well (a long number, the company's own phone number): somebody of the staff reads the text before
it is used, and can write it in again, but nobody can take back what was published.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from phonenumbers import Leniency, PhoneNumberMatcher

GAP = "[…]"
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_REFERENCE = re.compile(r"(?<!\w)#?(?=[\w/-]*\d[\w/-]*\d)(?=[\w/-]*[A-Za-z])[A-Za-z][\w/-]*\w|(?<!\w)#\d+")
_LONG_NUMBER = re.compile(r"(?<![\w.,])\d(?:[ -]?\d){4,}(?![\w,]|\.\d)")
_MONEY = re.compile(
    r"(?:[€$£¥]|\b(?:EUR|USD|GBP|CHF)\b)\s*$|^\s*(?:[€$£¥]|euros?\b|dollars?\b|(?:EUR|USD|GBP|CHF)\b)", re.IGNORECASE
)
_HELLO = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hallo|guten (?:tag|morgen|abend)|sehr geehrte[rs]?|liebe[rs]?|"
    r"bonjour|bonsoir|ch(?:er|ère)|hola|estimad[oa]|buenos días|buenas tardes|مرحبا|أهلا|السلام عليكم)\b"
    r"(?:\s+(?:there|all|frau|herr|mr|ms|mrs|mme|madame|monsieur|sr|sra))?\.?(?:\s*\[…\])*\s*[,!.:،-]+\s*",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"\n\s*(?:(?:best|kind|warm) (?:regards|wishes)|regards|cheers|best|(?:viele|liebe|freundliche|mit freundlichen) grüße?n?|"
    r"cordialement|bien à vous|saludos|un saludo|atentamente|مع التحية)[^\n]{0,20}(?:\n[^\n]{0,60})?\s*$",
    re.IGNORECASE,
)
_SHORTEST_NAME = 3


def without_persons(text: str, names: Iterable[str | None]) -> str:
    """The text with a gap where a name of ``names``, an address, a phone or an order number was; greetings go as a whole."""
    text = _ADDRESS.sub(GAP, text)
    for match in reversed(list(PhoneNumberMatcher(text, None, leniency=Leniency.POSSIBLE))):
        text = text[: match.start] + GAP + text[match.end :]
    text = _REFERENCE.sub(GAP, text)
    text = _LONG_NUMBER.sub(lambda match: match[0] if _is_money(text, match) else GAP, text)
    for part in sorted(_parts(names), key=len, reverse=True):
        text = re.sub(rf"(?<!\w)@?{re.escape(part)}(?!\w)", GAP, text, flags=re.IGNORECASE)
    text = _GOODBYE.sub("", _HELLO.sub("", text)).strip()
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
