"""Whether the agent is spoken to at all: where several people read along, most of what they say is for each other.

A channel tells what a message says by itself (``MessageReceived.addressed``): a mention, a command, an answer to the agent is
for the agent; a mention of somebody else is not. What says neither goes on with whatever was said before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from core.agent.person_wish import wants_person
from core.agent.questions import questions_besides
from core.agent.routing import asked, was_offered_person
from core.agent.small_talk import all_small_talk, says_no, says_unsolved, says_yes
from core.domain.choices import CHOICES
from core.domain.conversation import Sharing
from core.domain.messages import ADDRESSED, SHARED, Author, Message
from core.ports.desk import ASKS_COMMENT, ASKS_RATING
from core.ports.store import TurnState

_MOST_NAMES = 20


def is_asked(turn: TurnState) -> bool:
    """Whether some of the turn is for the agent. In a private conversation, and where a button was pressed, all is."""
    open_to_all: list[Message] = []
    for message in asked(turn):
        says = message.meta.get(ADDRESSED)
        if says or message.action is not None or SHARED not in message.meta:
            return True
        if says is None:
            open_to_all.append(message)
    if not open_to_all:
        return not asked(turn)
    return turn.conversation.shared is not Sharing.ALWAYS or _goes_on_with_us(turn, tuple(open_to_all))


def _goes_on_with_us(turn: TurnState, messages: tuple[Message, ...]) -> bool:
    """Whether this continues what the agent and its author talked about, and wants an answer.

    While the two are alone in the thread, all but a pleasantry does. Once others have written, only a question, a wish for a
    person or what answers the agent's own question does. Who names somebody else speaks to them.
    """
    others = {m.author_name or "" for m in turn.history if _is_of_another(turn, m)}
    if not others and not any(m.author is not Author.CUSTOMER for m in turn.history):
        return True
    texts = [m.text for m in messages if m.text.strip()]
    if any(map(wants_person, texts)) and any(_is_to(turn, m) for m in turn.history):
        return True
    last = _last_to_author(turn)
    if last is None or _calls(texts, others):
        return False
    waits = was_offered_person([last]) or _asks_back(last)
    if any(says_yes(text) or says_no(text) for text in texts):
        return waits
    if all_small_talk(texts):
        return False
    wants = waits or any(m.attachments for m in messages) or any(map(says_unsolved, texts))
    return not others or wants or bool(questions_besides(messages))


def _last_to_author(turn: TurnState) -> Message | None:
    """What the company said last to the author; None where somebody else has spoken, or was spoken to, since then."""
    for message in reversed(turn.history):
        if message.deleted_at is not None:
            continue
        if message.author is not Author.CUSTOMER:
            return message if _is_to(turn, message) else None
        to_others = message.meta.get(ADDRESSED) is False
        if to_others or (_is_of_another(turn, message) and not all_small_talk([message.text])):
            return None
    return None


def _is_of_another(turn: TurnState, message: Message) -> bool:
    return message.author is Author.CUSTOMER and turn.author_of(message) != turn.customer.id


def _is_to(turn: TurnState, message: Message) -> bool:
    return message.author is not Author.CUSTOMER and turn.author_of(message) == turn.customer.id


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
