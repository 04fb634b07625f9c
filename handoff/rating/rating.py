"""What a customer thinks of how a case was resolved, read from a plain message: every channel can ask for a number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.domain.messages import Message

BEST = 5
_WORDS = {
    1: "one eins eine un une uno una واحد",
    2: "two zwei deux dos اثنان اثنين",
    3: "three drei trois tres ثلاثة ثلاث",
    4: "four vier quatre cuatro أربعة اربعة أربع اربع",
    5: "five fünf funf cinq cinco خمسة خمس",
}
_SCORES = {word: score for score, words in _WORDS.items() for word in words.split()}
_OF = r"(?:\s*(?:/|of|out of|von|sur|de|من)\s*(?:5|five|fünf|cinq|cinco|خمسة))?"
_UNITS = r"(?:\s*(?:stars?|points?|sterne?|punkte?|étoiles?|estrellas?|puntos?|نجوم|نجمة|نقاط))?"
_NAMED = r"(?:(?:rating|score|bewertung|évaluation|valoración|تقييم|التقييم)\s*:?\s*)?"
_RATED = rf"{_NAMED}([1-5]|{'|'.join(_SCORES)}){_OF}{_UNITS}"
_RATING = re.compile(_RATED, re.IGNORECASE)
_BEFORE = re.compile(rf"{_RATED}(?![\w.,/%-]*\d)(?!\w)", re.IGNORECASE)
_BEHIND = re.compile(rf"(?<![\w.,/%-]){_RATED}$", re.IGNORECASE)
_GRADED = (
    r"(?:(?:note|schulnote|nota|grade|mark|rating|score|bewertung|évaluation|valoración|تقييم|التقييم|درجة)\s*:?\s*)?"
)
_ANY_OF = r"(?:\s*(?:/|of|out of|von|sur|de|من)\s*\d{1,3})?"
_OTHER_WORDS = (
    "zero null zéro cero صفر six sechs seis ستة seven sieben sept siete سبعة eight acht huit ocho ثمانية "
    "nine neun neuf nueve تسعة ten zehn dix diez عشرة"
)
_ANY_NUMBER = rf"(?:-?\d{{1,3}}(?:[.,]\d{{1,2}}|½)?\+?-?|{'|'.join(_OTHER_WORDS.split())})"
_ANY_UNITS = rf"(?:{_UNITS}|\s*%)"
_BESIDE = re.compile(rf"{_GRADED}(?:{_ANY_NUMBER}{_ANY_OF}{_ANY_UNITS}|🔟)", re.IGNORECASE)
"""A number that was meant for a rating and is none of ours. A school's grade is one too: in Germany 1 is the best."""
_STAR = re.compile("[⭐★🌟]\ufe0f?")
_MARKS = " \t.,;:!*_\"'()[]«»“”„-–—؛،۔。"
_COMMENT = 2_000


@dataclass(frozen=True, slots=True)
class Rating:
    """``score`` from 1 (bad) to 5 (good)."""

    score: int
    comment: str | None = None


def rating_in(text: str) -> Rating | None:
    """A number from 1 to 5 alone in the first line, in digits of any script, words or stars; what follows is a comment."""
    first, _, rest = text.strip().partition("\n")
    score = _score(first)
    return None if score is None else Rating(score, rest.strip()[:_COMMENT] or None)


def rating_of(messages: Sequence[Message], only_thanks: Callable[[str], bool] | None = None) -> Rating | None:
    """Of what came at once: the first is the rating, the others are the comment. None where anything else came with it.

    Thanks may also stand before the number, or on its line, and are the comment then.
    """
    if not are_words(messages):
        return None
    texts = [message.text.strip() for message in messages if message.text.strip()]
    thanks: list[str] = []
    while only_thanks is not None and len(texts) > 1 and only_thanks(texts[0]):
        thanks.append(texts.pop(0))
    found = rating_in(texts[0]) or (None if only_thanks is None else _with_thanks(texts[0], only_thanks))
    if found is None:
        return None
    return Rating(found.score, comment_of([*thanks, found.comment or "", *texts[1:]]))


def _with_thanks(text: str, only_thanks: Callable[[str], bool]) -> Rating | None:
    """ "5, thank you!" and "Thanks! 5"."""
    line = _in_ascii_digits(text.strip().lstrip(_MARKS).rstrip(_MARKS))
    for match in (_BEFORE.match(line), _BEHIND.search(line)):
        rest = "" if match is None else f"{line[: match.start()]} {line[match.end() :]}".strip(_MARKS)
        if match is not None and rest and only_thanks(rest):
            return Rating(_score_in(match), rest[:_COMMENT])
    return None


def is_beside_the_scale(text: str) -> bool:
    """Whether it is nothing but a number (or stars) that is no rating from 1 to 5: 10, 4.5, "Note 4"."""
    line = _in_ascii_digits(text.strip())
    stars = len(_STAR.findall(line)) > BEST and not _STAR.sub("", line).strip(_MARKS)
    return rating_in(text) is None and (stars or _BESIDE.fullmatch(line.strip(_MARKS)) is not None)


def are_words(messages: Sequence[Message]) -> bool:
    """Whether there are messages, and nothing in them but text: neither files nor buttons."""
    plain = [message for message in messages if message.action is None and not message.attachments]
    announced = any(message.meta.get("attachment_refs") for message in messages)
    return bool(messages) and len(plain) == len(messages) and not announced and bool(messages[0].text.strip())


def comment_of(texts: Sequence[str]) -> str | None:
    """What was said, as one text; None for nothing."""
    return "\n".join(text.strip() for text in texts if text.strip())[:_COMMENT] or None


def _score(line: str) -> int | None:
    stars = _STAR.findall(line)
    if stars and not _STAR.sub("", line).strip(_MARKS):
        return len(stars) if len(stars) <= BEST else None
    match = _RATING.fullmatch(_in_ascii_digits(line).strip(_MARKS))
    if match is None:
        return None
    return _score_in(match)


def _score_in(match: re.Match[str]) -> int:
    said = match.group(1).lower()
    return int(said) if said.isdigit() else _SCORES[said]


def _in_ascii_digits(line: str) -> str:
    """Also the keycaps that phones offer for numbers."""
    plain = line.replace("\ufe0f", "").replace("\u20e3", "")
    return "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in plain)
