"""Understands what a customer says to a question back: numbers, titles that it named, none of them, or something else altogether.

What was offered stands until something else is asked or answered: neither small talk nor a slip takes it away. A title in full
is understood for as long as it can be seen, since the button that says it may be pressed much later.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.agent.language import packs
from core.agent.person_wish import wants_person
from core.agent.phrases import Phrases, any_of
from core.agent.questions import asks
from core.agent.small_talk import says_no, says_yes, small_talk
from core.agent.withdrawal import left_of, takes_back
from core.agent.wording import content_stems, fold, phrase
from core.domain.choices import CLARIFY, Choice, choices_in
from core.domain.messages import Author, CustomerAction, Message, MessageKind

_NUMBERED = {"first": 1, "second": 2, "third": 3}
_MEANING = ("beside", "beyond", "last", "both", "all", "none", *_NUMBERED)
"""Lists of ``[choose]``; a word that stands in several means the last of them ("uno" is no article)."""
_COURTESIES = ("greeting", "thanks", "farewell", "filler", "yes")
_LONGEST_CHOICE = 80
_DIGITS = 2
"""A longer number is that of an order, or a year."""
_BEYOND = 0
_EDGES = re.compile(r"(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
"""Between a number and letters: "nr2", "2nd", "第2个"."""
_FRACTION = re.compile(r"\d[.:]\d")
_CLOSING = Phrases("choose.closing")
_ANSWERS_NOTHING = frozenset({MessageKind.SMALL_TALK, MessageKind.NOTICE, MessageKind.FOLLOW_UP})
_PASSING = frozenset({MessageKind.SMALL_TALK, MessageKind.FAILURE, MessageKind.FOLLOW_UP})
"""What may be said while a question back stands. A notice tells of people, and with them something else begins."""


class Sense(StrEnum):
    """What an answer to a question back says. ``MISSED``: it means to choose, and names nothing that was offered.
    ``DROPPED``: "never mind".
    """

    CHOSEN = "chosen"
    NONE = "none"
    MISSED = "missed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Pick:
    """``choices``: what was chosen, in the order in which it was said; otherwise what was offered."""

    sense: Sense
    choices: tuple[Choice, ...]

    @property
    def question(self) -> str:
        """What was asked before anybody asked back."""
        return self.choices[0].question


def pick_of(asked: Sequence[Message], history: Sequence[Message]) -> Pick | None:
    """What these messages say to what was asked back; None where nothing was, or where they say anything else.

    A wish for a person is none, also where a title could be read as one.
    """
    if not any(map(_choices, _ours(history))):
        return None
    if any(one.action is not None or one.attachments or wants_person(one.text) for one in asked):
        return None
    said = [one.text for one in asked if not small_talk(one.text)] or [one.text for one in asked]
    picks = [_pick_in(text, history) for text in said]
    if not picks or None in picks:
        return None
    heard = [pick for pick in picks if pick is not None]
    chosen = dict.fromkeys(choice for pick in heard if pick.sense is Sense.CHOSEN for choice in pick.choices)
    return Pick(Sense.CHOSEN, tuple(chosen)) if chosen else heard[-1]


def asked_back_last(history: Sequence[Message]) -> bool:
    """Whether the customer was asked back when they were last answered, by us or in the words of a model."""
    last = _answered(history)
    return last is not None and (had_a_choice(history) or last.meta.get("intent") == CLARIFY)


def had_a_choice(history: Sequence[Message]) -> bool:
    """Whether there was something to choose from when they were last answered."""
    return bool(_choices(_answered(history)))


def _answered(history: Sequence[Message]) -> Message | None:
    """Small talk in between answers nothing."""
    return next((one for one in _ours(history) if one.kind not in _ANSWERS_NOTHING), None)


def _ours(history: Sequence[Message]) -> Iterator[Message]:
    """What the customer was told, the newest first."""
    return (one for one in reversed(history) if one.author is not Author.CUSTOMER and one.deleted_at is None)


def _choices(message: Message | None) -> tuple[Choice, ...]:
    return choices_in(message.meta) if message is not None and message.author is Author.AGENT else ()


def _pick_in(text: str, history: Sequence[Message]) -> Pick | None:
    words = _own_words(text)
    said = phrase(words)
    # Of what was ever offered: by the button of an older question the customer means what stands on it.
    shown = (one for message in _ours(history) for one in _choices(message))
    titled = next((one for one in shown if said and phrase(one.label) == said), None)
    if titled is not None:
        return Pick(Sense.CHOSEN, (titled,))
    offered = _last_offered(history)
    pick = _picked(words, offered) if offered else None
    if pick is not None or not offered or not _choices(next(_ours(history), None)):
        return pick
    if takes_back(words) and not left_of(words):
        return Pick(Sense.DROPPED, offered)
    if says_no(words):
        return Pick(Sense.NONE, offered)
    return Pick(Sense.MISSED, offered) if says_yes(words) else None


def _picked(words: str, offered: tuple[Choice, ...]) -> Pick | None:
    places = places_in(words, len(offered))
    if places is None:
        stems = set(content_stems(words))
        near = [one for one in offered if stems and stems <= set(content_stems(one.label))]
        return Pick(Sense.CHOSEN, (near[0],)) if len(near) == 1 else None
    if not places:
        return Pick(Sense.NONE, offered)
    if any(not 1 <= place <= len(offered) for place in places):
        return Pick(Sense.MISSED, offered)
    return Pick(Sense.CHOSEN, tuple(offered[place - 1] for place in places))


def _last_offered(history: Sequence[Message]) -> tuple[Choice, ...]:
    """What was offered last, where nothing but small talk, slips and failures came after it."""
    since: list[Message] = []
    for message in reversed(history):
        if message.deleted_at is not None:
            continue
        if message.author is Author.CUSTOMER:
            since.append(message)
        elif offered := _choices(message):
            return offered if all(_passes(one, offered) for one in since) else ()
        elif message.author is Author.STAFF or message.kind not in _PASSING:
            return ()
    return ()


def _passes(message: Message, offered: tuple[Choice, ...]) -> bool:
    """Whether it asked nothing of its own. What failed to be answered may have been a choice."""
    if message.action is CustomerAction.GREETING:
        return True
    words = _own_words(message.text)
    said = small_talk(words) or says_yes(words) or says_no(words) or _picked(words, offered) is not None
    return message.action is None and not message.attachments and bool(said)


def _own_words(text: str) -> str:
    """Without quoted lines, and without the greeting above and the name below, as people write them in mails."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith(">")]
    closed = next(
        (place for place, line in enumerate(lines) if place and _CLOSING.pattern.match(phrase(line))), len(lines)
    )
    if not any(map(asks, lines[closed:])):
        lines = lines[:closed]
    while len(lines) > 1 and small_talk(lines[0]) == "greeting":
        lines.pop(0)
    return " ".join(lines)


def places_in(text: str, of: int) -> tuple[int, ...] | None:
    """The places that are named, counted from 1, in their order; what is not among the ``of`` may be named too.

    Empty where it is said that none is meant. None where anything else is said besides, or nothing of the kind.
    """
    spoken = _EDGES.sub(" ", phrase(text))
    if not spoken or len(spoken) > _LONGEST_CHOICE or _known_words().sub(" ", spoken).strip():
        return None
    said = [match.group() for match in _known_words().finditer(spoken)]
    numbers = [word for word in said if word.isdigit()]
    if any(len(number) > _DIGITS for number in numbers):
        return None
    if _FRACTION.search(fold(text)):
        return (_BEYOND,)
    meant = {_meanings().get(word, "") for word in said}
    found = tuple(dict.fromkeys(place for word in said for place in _places(word, of)))
    if "none" in meant:
        return None if found else ()
    return found or None


def _places(word: str, of: int) -> Iterator[int]:
    if word.isdigit():
        yield int(word)
        return
    match _meanings().get(word):
        case "last":
            yield of
        case "all":
            yield from range(1, of + 1)
        case "both":
            yield from (1, 2) if of == 2 else (_BEYOND,)
        case "beyond":
            yield _BEYOND
        case name if name in _NUMBERED:
            yield _NUMBERED[name]


@functools.cache
def _meanings() -> Mapping[str, str]:
    found = {
        phrase(entry): "beside"
        for pack in packs().values()
        for name in _COURTESIES
        for entry in pack.words("talk", name)
    }
    for name in _MEANING:
        found |= {phrase(entry): name for pack in packs().values() for entry in pack.words("choose", name)}
    return found


@functools.cache
def _known_words() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:\d+|{any_of(_meanings())})(?!\w)")
