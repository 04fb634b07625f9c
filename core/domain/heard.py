"""What customers say in recordings, as a machine wrote it down."""

from __future__ import annotations

from core.domain.messages import Author, Message


def words_heard(message: Message) -> tuple[str, ...]:
    """What is said in each of its recordings; only customers' count as what they say."""
    if message.author is not Author.CUSTOMER or message.deleted_at is not None:
        return ()
    return tuple(file.text for file in message.attachments if file.is_recording and file.text)


def heard(message: Message) -> tuple[str, ...]:
    """The same for people, who must know that nobody wrote it."""
    return tuple(f"🎤 “{words}”" for words in words_heard(message))


def told(message: Message) -> str:
    """The text for people, and below it what was heard."""
    return "\n".join(filter(None, (message.text, *heard(message))))
