"""What customers say in recordings, as a machine wrote it down."""

from __future__ import annotations

from dataclasses import replace

from core.domain.messages import Author, Message

_HEARD = "heard"
"""In ``meta`` of a copy whose text holds the words already."""


def words_heard(message: Message) -> tuple[str, ...]:
    """What is said in each of its recordings; only customers' count as what they say."""
    if message.author is not Author.CUSTOMER or message.deleted_at is not None:
        return ()
    return tuple(file.text for file in message.attachments if file.is_recording and file.text)


def as_if_written(message: Message) -> Message:
    """The message with what is said in its recordings among its words, once."""
    words = words_heard(message)
    if not words or _HEARD in message.meta:
        return message
    text = "\n".join(filter(None, (message.text, *words)))
    return replace(message, text=text, meta={**message.meta, _HEARD: True})


def heard(message: Message) -> tuple[str, ...]:
    """The same for people, who must know that nobody wrote it."""
    return tuple(f"🎤 “{words}”" for words in words_heard(message))


def told(message: Message) -> str:
    """The text for people, and below it what was heard."""
    return "\n".join(filter(None, (message.text, *heard(message))))
