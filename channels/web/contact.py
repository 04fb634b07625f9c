"""Whether a text that a client calls contact details holds any: an e-mail address or a telephone number."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"(?<=[^\s<>@,;:|])@[^\s<>@,;:|]{1,255}\.[^\s<>@,;:|.]")
_NUMBER = re.compile(r"(?<![\w.])[+(]?\d[\d\s()./-]{4,24}\d(?!\w)")
_NUMBER_ALONE = re.compile(r"[\W_]{0,9}\d(?:[\W_]{0,9}\d){6,14}(?:\D{1,14}\d{1,6})?\D{0,2}")
"""On a line of its own, with an extension in any wording; reachable.ts of the widget takes nothing else for one."""
_QUESTION = re.compile(r"[?？؟¿]")
_INTERNATIONAL = ("+", "00", "0", "(")
_DIGITS = range(7, 16)  # ITU-T E.164 allows 15


def names_contact(text: str) -> bool:
    """A number without a prefix counts, since people write it as at home, but not inside a question: there it is an order's."""
    if _EMAIL.search(text):
        return True
    asks = _QUESTION.search(text) is not None
    if not asks and any(_NUMBER_ALONE.fullmatch(line.strip()) for line in text.splitlines()):
        return True
    return any(
        sum(char.isdigit() for char in match.group()) in _DIGITS
        and (not asks or match.group().startswith(_INTERNATIONAL))
        for match in _NUMBER.finditer(text)
    )
