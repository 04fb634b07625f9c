"""The JSON of the chat's routes, as models that ``/openapi.json`` describes; `operator_schemas` has the others."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

Status = Literal["bot", "queued", "staff", "resolved"]


class SourceMetadata(BaseModel):
    """Where a passage stands in the company's documents. ``page`` counts from 1."""

    source: str
    page: int | None = None
    section: str | None = None
    url: str | None = None


class Source(BaseModel):
    """A passage that an answer rests on. ``relevance_score`` from 0 to 1."""

    id: str
    title: str
    content: str
    metadata: SourceMetadata
    relevance_score: float


class ProblemDocument(BaseModel):
    """An error (RFC 9457). ``code`` is for programs, ``detail`` for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class SessionRequest(BaseModel):
    """``user_token``: a JWT of the embedding site (HS256) that says who the customer is."""

    user_token: str | None = None
    locale: str | None = None


class SessionConfig(BaseModel):
    """What a client has to know before it shows its first input field."""

    company: str | None
    locale: str
    max_attachment_bytes: int
    max_attachments: int
    max_message_chars: int
    accept: list[str]
    features: dict[Literal["attachments", "feedback", "staff", "transcript"], bool]


class SessionCreated(BaseModel):
    """``token`` is for this session only."""

    session_id: str
    token: str
    expires_at: str
    config: SessionConfig


class SessionState(BaseModel):
    """Where a session stands. ``cursor`` is the newest one."""

    session_id: str
    status: Status
    cursor: int
    expires_at: str


class File(BaseModel):
    """A file with a link that works for a while. ``size`` in bytes."""

    id: str
    name: str
    media_type: str
    size: int
    url: str


class ShownMessage(BaseModel):
    """A message as customers see it. ``content`` is Markdown; ``[1]`` refers to the first of ``sources``.

    ``choices``: what the agent asks back, as the texts of buttons; whoever presses one says its text.
    """

    id: str
    author: Literal["customer", "agent", "staff", "system"]
    name: str | None
    content: str
    timestamp: str
    client_id: str | None = None
    turn_id: str | None = None
    attachments: list[File]
    sources: list[Source]
    requires_escalation: bool
    confidence: float | None
    status: Status | None
    in_reply_to: str | None
    kind: str | None
    feedback: Literal["up", "down"] | None
    choices: list[str] | None = None


class ConversationMessage(ShownMessage):
    """A message with its place in its conversation; of an answer also intent, sentiment and ticket."""

    cursor: int
    intent: str | None
    sentiment: str | None
    ticket: str | None


class UserMessage(ShownMessage):
    """A message with the conversation that it belongs to; it has no place among those of the others."""

    conversation_id: str


class History(BaseModel):
    """Messages, oldest first."""

    messages: list[ConversationMessage]
    cursor: int
    has_more: bool
    status: Status


class UserHistory(BaseModel):
    """One customer's messages over all their sessions."""

    user_id: str
    messages: list[UserMessage]


class UserTicket(BaseModel):
    """A ticket. ``subject`` is in the customer's own words. ``status``: pending waits for the customer, on_hold for others."""

    number: str
    subject: str
    status: Literal["open", "pending", "on_hold", "resolved", "closed"]
    priority: Literal["low", "normal", "high"]
    category: str | None
    created_at: str
    updated_at: str


class UserTickets(BaseModel):
    """One customer's tickets, newest first."""

    user_id: str
    tickets: list[UserTicket]


class Events(BaseModel):
    """The frames of the WebSocket, for clients that cannot open one."""

    frames: list[dict[str, Any]]
    cursor: int
    config: SessionConfig


class MessageRequest(BaseModel):
    """The same ``client_id`` again is answered, not repeated. ``attachments``: ids of uploaded files."""

    message: str
    client_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    attachments: list[str] = []
    action: Literal["request_person", "contact", "withdraw"] | None = None
    locale: str | None = None


class MessageForm(BaseModel):
    """The same as a form; ``attachments`` may also be the files themselves."""

    message: str
    client_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    attachments: list[Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]] = []
    action: Literal["request_person", "contact", "withdraw"] | None = None


class MessageAnswer(BaseModel):
    """The answer. ``sources`` is empty when nothing in the knowledge supports it.

    ``choices``: what the agent asks back; send one of them, or its number from 1, as the next message.
    """

    message: str
    message_id: str
    sources: list[Source]
    requires_escalation: bool
    confidence: float
    status: Status
    intent: str | None
    sentiment: str | None
    ticket: Any
    kind: str
    session_id: str
    client_id: str
    cursor: int
    timestamp: str
    choices: list[str] | None = None


class MessageStored(BaseModel):
    """Stored and not answered yet: ask the history, the events or the WebSocket."""

    id: str
    cursor: int | None
    client_id: str
    session_id: str
    status: Status


class UploadForm(BaseModel):
    """One file."""

    file: Annotated[str, Field(json_schema_extra={"contentMediaType": "application/octet-stream"})]


class TranscriptRequest(BaseModel):
    """Where a conversation is mailed to, and in which language its frame is."""

    email: str
    locale: str | None = None


class FeedbackRequest(BaseModel):
    """The last rating of a message counts."""

    message_id: str
    rating: Literal["up", "down"]
    comment: str | None = None


class FeedbackRecorded(FeedbackRequest):
    """What is recorded now."""
