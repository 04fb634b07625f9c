"""What the model remembers of a conversation: whole exchanges, newest first, within a budget of tokens."""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.markers import strip_markers
from core.agent.tokens import estimate_message, trim
from core.domain.messages import Author, Message
from core.ports.chat_model import ChatMessage
from core.ports.store import TurnState


def _as_prompt(message: Message, budget: int) -> ChatMessage:
    """Old markers are taken out: their numbers mean nothing in this turn."""
    if message.author is Author.CUSTOMER:
        names = ", ".join(file.name for file in message.attachments)
        text = f"{message.text}\n(sent a file: {names})" if names else message.text
        return ChatMessage("user", trim(text.strip(), budget))
    text = strip_markers(message.text).strip()
    if message.author is Author.STAFF:
        text = f"[{message.author_name or 'a colleague'}, member of staff] {text}"
    return ChatMessage("assistant", trim(text, budget))


def _exchanges(history: Sequence[Message]) -> list[list[Message]]:
    """What the customer said together with what was answered to it."""
    groups: list[list[Message]] = []
    for message in history:
        if message.deleted_at is not None or not (message.text.strip() or message.attachments):
            continue
        opens = message.author is Author.CUSTOMER and (not groups or groups[-1][-1].author is not Author.CUSTOMER)
        if opens or not groups:
            groups.append([])
        groups[-1].append(message)
    return groups


def remember(history: Sequence[Message], budget: int, *, per_message: int) -> list[ChatMessage]:
    """The newest whole exchanges that fit, oldest first. A long message is trimmed with a mark before it costs others."""
    kept: list[list[ChatMessage]] = []
    left = budget
    for group in reversed(_exchanges(history)):
        prompt = [_as_prompt(message, per_message) for message in group]
        cost = sum(map(estimate_message, prompt))
        if cost > left:
            break
        left -= cost
        kept.append(prompt)
    return [message for group in reversed(kept) for message in group]


def said_before(turn: TurnState) -> list[str]:
    """What the customer who is answered wrote before, and what they were told on the strength of sources."""
    return [
        strip_markers(message.text)
        for message in turn.history
        if message.deleted_at is None
        and (_is_theirs(turn, message) or (message.author is Author.AGENT and message.citations))
    ]


def _is_theirs(turn: TurnState, message: Message) -> bool:
    return message.author is Author.CUSTOMER and turn.author_of(message) == turn.customer.id
