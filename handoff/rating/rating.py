"""What a customer thinks of how a case was resolved, read from a plain message: every channel can ask for a number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
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
_RATING = re.compile(rf"([1-5]|{'|'.join(_SCORES)}){_OF}{_UNITS}", re.IGNORECASE)
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


def rating_of(messages: Sequence[Message]) -> Rating | None:
    """Of what came at once: the first is the rating, the others are the comment. None where anything else came with it."""
    if not are_words(messages):
        return None
    found = rating_in(messages[0].text)
    if found is None:
        return None
    said = [found.comment or "", *(message.text.strip() for message in messages[1:])]
    return Rating(found.score, comment_of(said))


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
    said = match.group(1).lower()
    return int(said) if said.isdigit() else _SCORES[said]


def _in_ascii_digits(line: str) -> str:
    """Also the keycaps that phones offer for numbers."""
    plain = line.replace("\ufe0f", "").replace("\u20e3", "")
    return "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in plain)
