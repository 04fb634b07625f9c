"""Whether a message is a note: staff judge by what they see at its beginning, so what is not seen there does not count."""

from __future__ import annotations

import unicodedata

_MARKS = "*_~>•"
"""What Slack shows as bold, italic, struck out, quoted or listed. Not the mark of code: code may begin with a comment."""
_INVISIBLE = frozenset({"Cf", "Cc", "Zs", "Zl", "Zp"})


def begins_with(sign: str, text: str) -> bool:
    """In doubt it is a note: what stays inside can still be sent, and not the other way round. An empty sign is none."""
    return bool(sign) and (_stripped(text).startswith(sign) or _stripped(text, _MARKS).startswith(sign))


def _stripped(text: str, marks: str = "") -> str:
    start = 0
    while start < len(text) and (text[start] in marks or unicodedata.category(text[start]) in _INVISIBLE):
        start += 1
    return text[start:]
