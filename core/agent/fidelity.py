"""What a translation must not change: links, addresses, code, numbers. Pure, so that no model is trusted with an amount."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from core.agent.exact_parts import in_ascii_digits

_PART = re.compile(
    r"(?P<code>```.*?```|`[^`\n]+`)"
    r"|(?P<name>(?:https?://|www\.)[^\s<>()\[\]\"'«»“”]+"
    r"|(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![\w#./-])#?(?=[\w./-]*\d)(?=[\w./-]*[A-Za-z])[A-Za-z][\w./-]*\w)"
    r"|(?<!\d)\d{1,3}(?:[ \u00a0\u202f.,'’٬]\d{3})+(?:[.,٫]\d{1,2})?(?!\d)|\d+(?:[.,٫]\d{1,2}(?![.,]?\d))?",
    re.DOTALL | re.IGNORECASE,
)
_DECIMALS = re.compile(r"[.,٫](\d{1,2})$")
_NO_DIGIT = re.compile(r"\D")
_END = ".,;:!?)…"


def lost(original: str, translation: str) -> tuple[str, ...]:
    """What of the original's is not in the translation, and what of the translation's was not in the original."""
    before, after = Counter(_kept(original)), Counter(_kept(translation))
    return tuple(dict.fromkeys([*(before - after), *(after - before)]))


def _kept(text: str) -> Iterator[str]:
    """Each as it is to be found again. Numbers without the signs that group them, which every language sets otherwise."""
    for match in _PART.finditer(in_ascii_digits(text)):
        if match["code"] or match["name"]:
            yield match["code"] or match["name"].rstrip(_END)
            continue
        decimals = _DECIMALS.search(match[0])  # 1.50 is not 150
        whole = _NO_DIGIT.sub("", match[0][: decimals.start()] if decimals else match[0])
        yield f"{whole}.{decimals[1]}" if decimals else whole
