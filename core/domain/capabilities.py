"""What a channel can do, as data that the core reads. Never an ``if channel == ...``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TextFormat(StrEnum):
    """What a channel shows of the one Markdown dialect that is used inside."""

    MARKDOWN = "markdown"
    MRKDWN = "mrkdwn"
    HTML = "html"
    PLAIN = "plain"


class AnswersBy(StrEnum):
    """How an answer to a follow-up is known: by the thread that it names, or only by whom it comes from."""

    THREAD = "thread"
    SENDER = "sender"


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``messages`` per ``seconds`` for one account, across all processes; ``per_conversation`` seconds apart."""

    messages: int
    seconds: float
    per_conversation: float = 0.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``text_limit`` in the channel's own unit (characters unless its render says otherwise), per payload.

    ``album_window``: seconds to wait for the other pictures of an album, which come one by one, so that it becomes one turn.
    ``idempotent_send``: the same idempotency key sent twice shows once, so an unknown outcome is simply sent again.
    ``send_seconds``: how long one send may take where that is longer than a lease (files, servers that look at what they
    are given); the lease is renewed meanwhile.
    ``edit``, ``delete``, ``reactions``: what can be done to a message that the customer has (core.domain.alterations).
    ``stream_every``: seconds between two writes of an answer that is shown while it is being written; ``stream_after``: seconds
    within which an answer that is ready is sent once, and nothing is shown before.
    ``fences_stream``: the channel looks itself who has the conversation before it shows more (core.ports.surroundings).
    ``event_log``: customers read the conversation from the hub's own log (the web), which also keeps their messages.
    ``own_time``: ``sent_at`` is the platform's own and exact, and its events may come in another order than they were written.
    ``whispers``: in a shared conversation a message can be shown to one person alone (PRIVATELY).
    ``costly``: each message is a mail or a text message of its own, so what only says who answers now is left out.
    ``chosen_readers``: staff may choose by address whom a message goes to (handoff.thread.to_line).
    ``follow_up``: customers who have left another channel can be written to here (core.ports.follow_ups).
    """

    text_limit: int
    format: TextFormat = TextFormat.PLAIN
    media: bool = False
    edit: bool = False
    delete: bool = False
    reactions: bool = False
    typing: bool = False
    stream: bool = False
    stream_every: float = 0.05
    stream_after: float = 0.0
    fences_stream: bool = False
    buttons: bool = False
    idempotent_send: bool = False
    event_log: bool = False
    whispers: bool = False
    costly: bool = False
    chosen_readers: bool = False
    follow_up: AnswersBy | None = None
    own_time: bool = False
    send_seconds: float | None = None
    album_window: float = 0.0
    pace: Pace | None = None
