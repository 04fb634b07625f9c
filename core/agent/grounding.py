"""Whether a sentence without a marker may stand in an answer that cites: it states nothing, or what the cited passages hold.

Figures and links must stand there literally, most of the other words by their stems. Courtesies, lead-ins and "I don't
know" are taken away first and excuse nothing that stands beside them (see ``stating``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.agent.claims import says_unknown
from core.agent.code_spans import leading_block
from core.agent.figures import CURRENCIES
from core.agent.stating import admits_only, asks, asks_only, only_small_words, remainder
from core.agent.wording import content_stems, fold

_LINK = re.compile(r"(?:https?://|www\.)[^\s)\]>\"']++|(?<![\w.+-])[\w.+-]++@[\w-]++\.[\w.]++", re.IGNORECASE)
_FIGURE = re.compile(r"\d+(?:[.,:]\d+)*")
_LIST_MARK = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")
_LEADS = re.compile(r":[*_ ]*$")
_REPEATED = 0.7
_PHONE = re.compile(r"(?<![\w.])(?:\+\d|0\d{1,4}[ /\-])[\d ()/\-]{5,}\d")
_MONEY = "|".join(map(re.escape, (word for word in CURRENCIES if word.isalpha())))
_AMOUNT = re.compile(
    r"(?<!\w)[€£]\s?\d[\d.,]*|(?<!\w)\$\s?\d{1,20}(?:\d|[.,]\d)[\d.,]*"  # in a shell, "$1" is none
    rf"|(?<![\w.])\d[\d.,]{{0,20}}\s?(?:[€£]|\$(?!\w)|(?:{_MONEY})\b)",
    re.IGNORECASE,
)
_IN_CODE_ALONE = re.compile(
    r"[{}<>=;$#|\\\[\]_@]|\w\(|(?:^|\s)-{1,2}\w|(?:^|\s)[./~]*/\w|^[^\S\n]*+[\w-]++:(?:\s|$)", re.MULTILINE
)
_ENDS_SENTENCE = re.compile(r"[.!?。؟](?:\s|$)")


def is_grounded(sentence: str, passages: Iterable[str], *, said: str = "") -> bool:
    """Whether the sentence states nothing that these passages do not hold.

    A question, and what it is that we don't know, may be put in the words that the customer ``said``.
    """
    stated = _LIST_MARK.sub("", sentence).strip()
    held = " ".join(passages)
    if leading_block(stated):
        stated = _in_block(stated)
        if not _is_prose(stated):
            return _holds(held, _promised(stated))
    if not _holds(held, exact_parts(stated)):
        return False
    own = set(content_stems(said))
    if asks(stated):
        return asks_only(stated, own | set(content_stems(held)))
    if says_unknown(stated) and admits_only(stated, own):
        return True
    left = set(remainder(_LINK.sub(" ", stated)))
    if not left:
        return not says_unknown(stated) and (_LEADS.search(stated) is not None or not only_small_words(stated))
    return len(left & set(content_stems(held))) / len(left) >= _REPEATED


def _in_block(block: str) -> str:
    """What stands between its fences."""
    lines = block.strip().split("\n")[1:]
    return "\n".join(lines[:-1] if lines and lines[-1].lstrip().startswith(("```", "~~~")) else lines)


def _is_prose(block: str) -> bool:
    """Whether what was put into a block is no code: then it is an answer like any other."""
    words = _AMOUNT.sub(" ", _LINK.sub(" ", block))
    return _ENDS_SENTENCE.search(words) is not None and _IN_CODE_ALONE.search(words) is None


def _promised(code: str) -> list[str]:
    """What a customer may act on, in code that is the model's own otherwise: where to go, whom to call, what it costs."""
    figures = [
        figure for found in (_PHONE, _AMOUNT) for part in found.findall(code) for figure in _FIGURE.findall(part)
    ]
    return [*_LINK.findall(code), *figures]


def exact_parts(text: str) -> list[str]:
    """The links and figures of a text."""
    return [*_LINK.findall(text), *_FIGURE.findall(_LINK.sub(" ", text))]


def _holds(held: str, exact: Iterable[str]) -> bool:
    figures = set(_FIGURE.findall(held))
    folded = fold(held)
    return all(
        piece in figures if _FIGURE.fullmatch(piece) else fold(piece).rstrip(".,;:!?*_/") in folded
        for piece in set(exact)
    )
