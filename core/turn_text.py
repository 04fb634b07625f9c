"""How much of what a customer wrote the agent reads in one turn; all of it is stored, and shown to staff."""

from __future__ import annotations

import functools
import itertools
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from core.agent.texts import in_written_language, texts_for
from core.domain.messages import Author, Message, MessageKind
from core.ports.responder import Reply
from core.ports.store import TurnState

MOST_READ = 8_000
"""Characters of the pending messages together: as many as the widget lets one message have.

They are counted in the form that comparisons use (NFKC), where U+FDFA alone is 18 characters.
"""
_MOST_REMEMBERED = 2_000
"""Characters of each earlier message of the customer's; the model is given fewer."""
_SEEK = 200
"""Characters before the limit in which a line or a word may end."""


def as_read(state: TurnState) -> TurnState:
    """The turn with as much text as is analysed: short messages whole, of long ones the beginning."""
    texts = [message.text for message in state.pending]
    most = _share(list(map(_width, texts)))
    pending = tuple(_shortened(message, most) for message in state.pending)
    earlier = tuple(
        _shortened(message, _MOST_REMEMBERED) if message.author is Author.CUSTOMER else message
        for message in state.history
    )
    return replace(state, pending=pending, history=earlier)


def worded(state: TurnState) -> TurnState:
    """The whole turn, with the language that the customer writes as its locale, by what is read of it."""
    return replace(state, conversation=in_written_language(as_read(state)).conversation)


def with_limit_told(state: TurnState, reply: Reply) -> Reply:
    """The reply, with a line that says so where the customer wrote more than is read."""
    said = reply.besides if reply.escalation is not None else reply
    if said is None or said.kind is MessageKind.FAILURE or sum(_width(one.text) for one in state.pending) <= MOST_READ:
        return reply
    line = texts_for(as_read(state), "").say("read_in_part")
    told = replace(said, text=f"{said.text}\n\n{line}".strip())
    return told if said is reply else replace(reply, besides=told)


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
    widths = itertools.accumulate(map(_character_width, text[:most]))
    return sum(1 for _ in itertools.takewhile(lambda width: width <= most, widths))


def _shortened(message: Message, most: int) -> Message:
    """Cut behind a line or a word where one ends near the limit."""
    if _width(message.text) <= most:
        return message
    fitting = _fitting(message.text, most)
    head = message.text[:fitting]
    ends = (head.rfind("\n", max(0, fitting - _SEEK)), head.rfind(" ", max(0, fitting - _SEEK)))
    return replace(message, text=head[: next((end for end in ends if end > 0), fitting)])
