"""The JSON shapes of the web protocol (docs/reference/web-protocol.md)."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class SourceMetadata(TypedDict):
    """Where a passage stands."""

    source: str
    page: int | None
    section: str | None
    url: str | None


class Source(TypedDict):
    """A passage that an answer rests on."""

    id: str
    title: str
    content: str
    metadata: SourceMetadata
    relevance_score: float


class File(TypedDict):
    """A file with a link that works for a while."""

    id: str
    name: str
    media_type: str
    size: int
    url: str


class WireMessage(TypedDict):
    """A message as customers see it."""

    id: str
    cursor: int
    author: str
    name: str | None
    content: str
    timestamp: str
    client_id: str | None
    turn_id: NotRequired[str]
    attachments: list[File]
    sources: list[Source]
    requires_escalation: bool
    confidence: float | None
    status: str | None
    in_reply_to: str | None
    kind: str | None
    feedback: str | None
    intent: str | None
    sentiment: str | None
    ticket: str | None
    choices: NotRequired[list[str]]


class Answer(TypedDict):
    """The reply to a message that was posted over HTTP."""

    message: str
    message_id: str
    sources: list[Source]
    requires_escalation: bool
    confidence: float
    status: str
    intent: str | None
    sentiment: str | None
    ticket: Any
    kind: str
    session_id: str
    client_id: str
    cursor: int
    timestamp: str
    choices: NotRequired[list[str]]


class Pending(TypedDict):
    """A message that was stored and not answered yet."""

    id: str
    cursor: int | None
    client_id: str
    session_id: str
    status: str


class Ack(TypedDict):
    """The message is stored; sent after the commit."""

    type: Literal["ack"]
    client_id: str
    id: str
    cursor: int | None


class WireTicket(TypedDict):
    """A ticket."""

    number: str
    subject: str
    status: str
    priority: str
    category: str | None
    created_at: str
    updated_at: str
