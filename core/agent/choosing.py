"""Understands what a customer says to a question back: a number, a title that it named, or something else altogether."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from core.agent.person_wish import wants_person
from core.agent.wording import content_stems, phrase
from core.domain.choices import Choice, choices_in
from core.domain.messages import Author, Message, MessageKind

CLARIFY = "clarify"
"""The intent of replies that ask back: neither an answer nor the lack of one."""
_NUMBER = re.compile(r"\W*(\d)\W*")
_ASIDE = frozenset({MessageKind.SMALL_TALK, MessageKind.NOTICE, MessageKind.FOLLOW_UP})


def choice_of(asked: Sequence[Message], history: Sequence[Message]) -> Choice | None:
    """What these messages choose of what was asked back last; None where nothing was, or where they say anything else.

    A wish for a person is none, also where a title could be read as one.
    """
    offered = _offered(history)
    if not offered or len(asked) != 1 or asked[0].action is not None or asked[0].attachments:
        return None
    return None if wants_person(asked[0].text) else _named(asked[0].text, offered)


def asked_back_last(history: Sequence[Message]) -> bool:
    """Whether the customer was asked back when they were last answered, by us or in the words of a model."""
    last = _answered(history)
    return last is not None and (had_a_choice(history) or last.meta.get("intent") == CLARIFY)


def had_a_choice(history: Sequence[Message]) -> bool:
    """Whether there was something to choose from when they were last answered."""
    return bool(_choices(_answered(history)))


def _answered(history: Sequence[Message]) -> Message | None:
    """Small talk in between answers nothing."""
    return next((one for one in _ours(history) if one.kind not in _ASIDE), None)


def _offered(history: Sequence[Message]) -> tuple[Choice, ...]:
    """Only of the very last thing that was said: a "2" later on counts something else."""
    return _choices(next(_ours(history), None))


def _ours(history: Sequence[Message]) -> Iterator[Message]:
    """What the customer was told, the newest first."""
    return (one for one in reversed(history) if one.author is not Author.CUSTOMER and one.deleted_at is None)


def _choices(message: Message | None) -> tuple[Choice, ...]:
    return choices_in(message.meta) if message is not None and message.author is Author.AGENT else ()


def _named(said: str, choices: Sequence[Choice]) -> Choice | None:
    number = _NUMBER.fullmatch(said)
    if number is not None:
        place = int(number[1])
        return choices[place - 1] if 1 <= place <= len(choices) else None
    words = phrase(said)
    exact = next((one for one in choices if words and phrase(one.label) == words), None)
    if exact is not None:
        return exact
    stems = set(content_stems(said))
    near = [one for one in choices if stems and stems <= set(content_stems(one.label))]
    return near[0] if len(near) == 1 else None
