"""Whether the agent is spoken to at all: where several people read along, much of what they say is for each other.

A channel tells what a message says by itself (``MessageReceived.addressed``): a mention, a command, an answer to the agent is
for the agent; a mention of somebody else is not. What says neither goes on with whatever was said before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from enum import Enum, auto

from core.agent.person_wish import wants_person
from core.agent.questions import questions_besides
from core.agent.routing import asked, was_offered_person
from core.agent.small_talk import all_small_talk, says_no, says_unsolved, says_yes
from core.agent.withdrawal import names_it_unneeded, takes_back
from core.agent.wording import content_stems
from core.domain.choices import CHOICES
from core.domain.conversation import OwnershipState, Sharing
from core.domain.messages import ADDRESSED, COLLEAGUE, SHARED, Author, Message
from core.ports.desk import ASKS_COMMENT, ASKS_RATING
from core.ports.store import TurnState

_MOST_NAMES = 20
_TELLING = 3


class Asked(Enum):
    """``IF_KNOWN``: a short remark to the agent, which answers where it knows something of the matter, and else says nothing."""

    YES = auto()
    IF_KNOWN = auto()
    NO = auto()


def asked_of_us(turn: TurnState) -> Asked:
    """Whether some of the turn is for the agent. In a private conversation, and where a button was pressed, all is."""
    said, open_to_all, in_group = asked(turn), [], turn.conversation.shared is Sharing.ALWAYS
    for message in said:
        says = message.meta.get(ADDRESSED)
        if says or message.action is not None or SHARED not in message.meta:
            return Asked.YES
        if not in_group and wants_person(message.text):  # by mail it is written for us, whoever else gets it
            return Asked.YES
        if says is None:
            open_to_all.append(message)
    if not said or (open_to_all and not in_group):
        return Asked.YES
    return _goes_on_with_us(turn, tuple(open_to_all)) if open_to_all else Asked.NO


def _goes_on_with_us(turn: TurnState, messages: tuple[Message, ...]) -> Asked:
    """Whether this continues what the agent and its author talked about, and wants an answer.

    A question, a wish for a person or its end, a complaint that it does not work, and what answers the agent's own question do;
    while the two are alone in the thread, all that says something as well, and a few words may. Who names somebody else speaks to
    them.
    """
    others = {m.author_name or "" for m in turn.history if _is_of_another(turn, m)}
    if not others and all(_is_spoken_here(m) for m in turn.history):
        return Asked.YES
    texts = [m.text for m in messages if m.text.strip()]
    if any(wants_person(text) or names_it_unneeded(text) for text in texts) and any(
        _is_to(turn, m) for m in turn.history
    ):
        return Asked.YES
    last = _last_to_author(turn)
    if last is None or _calls(texts, others):
        return Asked.NO
    if turn.conversation.state is OwnershipState.QUEUED and any(map(takes_back, texts)):
        return Asked.YES
    waits = was_offered_person([last]) or _asks_back(last)
    if all_small_talk(texts) or any(says_yes(text) or says_no(text) for text in texts):
        return Asked.YES if waits else Asked.NO
    wants = waits or any(m.attachments for m in messages) or any(map(says_unsolved, texts))
    if wants or questions_besides(messages):
        return Asked.YES
    if others:
        return Asked.NO
    return Asked.YES if any(map(_tells, texts)) else Asked.IF_KNOWN


def _tells(text: str) -> bool:
    """More than "I'll try that" does: a case in some words, or a number."""
    return len(content_stems(text)) >= _TELLING or any(map(str.isdigit, text))


def _last_to_author(turn: TurnState) -> Message | None:
    """What the company said last to the author; None where somebody else has spoken, or was spoken to, since then."""
    for message in reversed(turn.history):
        if message.deleted_at is not None:
            continue
        if not _is_spoken_here(message):
            return message if _is_to(turn, message) else None
        to_others = message.meta.get(ADDRESSED) is False
        if to_others or (_is_of_another(turn, message) and not all_small_talk([message.text])):
            return None
    return None


def _is_spoken_here(message: Message) -> bool:
    """Whether somebody wrote it in the thread itself: a customer, or a colleague of the staff who is there as well."""
    return message.author is Author.CUSTOMER or COLLEAGUE in message.meta


def _is_of_another(turn: TurnState, message: Message) -> bool:
    return _is_spoken_here(message) and turn.author_of(message) != turn.customer.id


def _is_to(turn: TurnState, message: Message) -> bool:
    return not _is_spoken_here(message) and turn.author_of(message) == turn.customer.id


def _asks_back(message: Message) -> bool:
    asks_rating = not {ASKS_RATING, ASKS_COMMENT, CHOICES}.isdisjoint(message.meta)
    return asks_rating or message.text.rstrip(" *_)").endswith(("?", "？", "؟"))


def _calls(texts: Sequence[str], names: Collection[str]) -> bool:
    """Whether one of these people is called by name: "Thanks Grace, that worked!"."""
    parts = sorted({part for name in names for part in (name, name.partition(" ")[0]) if len(part) > 1})[:_MOST_NAMES]
    if not parts:
        return False
    called = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, parts))})(?=\s*(?:[,:;!.?–-]|$))", re.IGNORECASE)
    return any(map(called.search, texts))
