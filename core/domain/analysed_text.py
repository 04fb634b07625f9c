"""How much of what customers write is analysed in one turn, by the agent and at the desk. Staff are shown all of it."""

from __future__ import annotations

import bisect
import functools
import itertools
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.domain.messages import Message

MOST_READ = 8_000
"""Characters of a turn's messages together: as many as the widget lets one message have.

They are counted in the form that comparisons use (NFKC), where U+FDFA alone is 18 characters.
"""
_MOST_REMEMBERED = 2_000
"""Characters of each earlier message of the customer's; the model is given fewer."""
_SEEK = 200
"""Characters before the limit in which a line or a word may end."""


def shorten_together(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Keep short messages whole, and of long ones the beginning, so that all together are within ``MOST_READ``."""
    most = _share([_width(message.text) for message in messages])
    return tuple(_shortened(message, most) for message in messages)


def shorten_earlier(message: Message) -> Message:
    """Keep the beginning of a long message of an earlier turn."""
    return _shortened(message, _MOST_REMEMBERED)


def keep_newest(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Keep the newest messages that are within ``MOST_READ`` together, in their order; of the oldest of them, the beginning."""
    kept: list[Message] = []
    left = MOST_READ
    for message in reversed(tuple(messages)):
        if left <= 0:
            break
        kept.append(_shortened(message, left))
        left -= _width(message.text)
    return tuple(reversed(kept))


def exceeds_bound(messages: Iterable[Message]) -> bool:
    """Whether more was written than is analysed."""
    return sum(_width(message.text) for message in messages) > MOST_READ


def _share(lengths: Sequence[int]) -> int:
    """How long a message may be so that all of them together are not longer than ``MOST_READ``."""
    left, rest = MOST_READ, sorted(lengths)
    for place, length in enumerate(rest):
        share = left // (len(rest) - place)
        if length > share:
            return share
        left -= length
    return MOST_READ


@functools.lru_cache(maxsize=4096)
def _character_width(character: str) -> int:
    return len(unicodedata.normalize("NFKC", character))


def _width(text: str) -> int:
    """How many characters a text is once folded; of what is beyond the limit each counts once."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text[:MOST_READ])) + max(0, len(text) - MOST_READ)


def _fitting(text: str, most: int) -> int:
    """How many of the first characters are ``most`` characters at most once folded."""
    if text.isascii():
        return min(most, len(text))
    return bisect.bisect_right(list(itertools.accumulate(map(_character_width, text[:most]))), most)


def _shortened(message: Message, most: int) -> Message:
    """Cut behind a line or a word where one ends near the limit."""
    if _width(message.text) <= most:
        return message
    fitting = _fitting(message.text, most)
    head = message.text[:fitting]
    ends = (head.rfind("\n", max(0, fitting - _SEEK)), head.rfind(" ", max(0, fitting - _SEEK)))
    return replace(message, text=head[: next((end for end in ends if end > 0), fitting)])
