"""Whether a text that a client calls contact details holds any: an e-mail address or a telephone number."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"(?<=[^\s<>@,;:|])@[^\s<>@,;:|]{1,255}\.[^\s<>@,;:|.]")
_NUMBER = re.compile(r"(?<![\w.])[+(]?\d[\d\s()./-]{4,24}\d(?!\w)")
_QUESTION = re.compile(r"[?？؟¿]")
_INTERNATIONAL = ("+", "00", "0", "(")
_DIGITS = range(7, 16)  # ITU-T E.164 allows 15


def names_contact(text: str) -> bool:
    """A number without a prefix counts, since people write it as at home, but not inside a question: there it is an order's."""
    if _EMAIL.search(text):
        return True
    asks = _QUESTION.search(text) is not None
    return any(
        sum(char.isdigit() for char in match.group()) in _DIGITS
        and (not asks or match.group().startswith(_INTERNATIONAL))
        for match in _NUMBER.finditer(text)
    )
