"""Domain to wire: what the log holds, as the frames that clients read. Pure.

The shapes are described in docs/reference/web-protocol.md, and as models in api/schemas.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from channels.split import split
from channels.web.tokens import Session
from core.domain.attachments import Attachment
from core.domain.choices import choices_in
from core.domain.messages import (
    ORIGINAL,
    ORIGINAL_TITLE,
    Author,
    Citation,
    Message,
    MessageKind,
    OutboundMessage,
    WirePayload,
)
from core.domain.ticket import Ticket
from core.ports.channel import StreamFrame
from core.ports.event_log import LogFrame, LoggedFrame

LinkTo = Callable[[str], str]

_SILENT_STATES = {"queued", "staff"}
_PART = "."


def payloads(message: OutboundMessage, limit: int) -> list[WirePayload]:
    """Frames to append. One, except for a text over the limit: the first then shows its beginning, the rest follow."""
    parts = split(message.text, limit)
    kind = "complete" if message.author is Author.AGENT and message.turn_id else "message"
    bodies: list[dict[str, Any]] = []
    for number, text in enumerate(parts):
        body: dict[str, Any] = {"kind": kind if number == 0 else "message", "message_id": message.message_id}
        if number == 0 and message.turn_id:
            body["turn_id"] = message.turn_id
        if len(parts) > 1:
            body["frame"] = {"content": text, "part": number}
        bodies.append(body)
    if message.kind is MessageKind.NOTICE and message.meta.get("status"):
        bodies[-1]["status"] = str(message.meta["status"])
    return [WirePayload(message.conversation, body, part) for part, body in enumerate(bodies)]


def log_frames(payload: WirePayload, dedupe: str) -> list[LogFrame]:
    """What one payload appends to the log, in one commit."""
    body = payload.body
    frames = [
        LogFrame(
            kind=body["kind"],
            body=body.get("frame", {}),
            turn_id=body.get("turn_id"),
            message_id=body["message_id"],
            dedupe=dedupe,
        )
    ]
    if "status" in body:
        frames.append(LogFrame(kind="status", body={"status": body["status"]}, dedupe=f"{dedupe}:status"))
    return frames


def provisional(frame: StreamFrame) -> LogFrame:
    """A piece of an answer that is still being written."""
    body: dict[str, Any] = {"epoch": frame.epoch}
    for name, value in frame.body.items():
        if name == "citations":
            body["sources"] = [source(item if isinstance(item, Citation) else Citation(**item)) for item in value]
        else:
            body[name] = value
    if frame.kind == "text":
        body["index"] = frame.index
    return LogFrame(kind=frame.kind, body=body, turn_id=frame.turn_id)


def frame(logged: LoggedFrame, link: LinkTo) -> dict[str, Any]:
    """A frame of the log as clients get it."""
    if logged.message is not None:
        return {"type": logged.kind, **message(logged, link)}
    shown: dict[str, Any] = {"type": logged.kind, "cursor": logged.cursor, **logged.body}
    if logged.turn_id is not None:
        shown["turn_id"] = logged.turn_id
    return shown


def encode(shown: Mapping[str, Any]) -> str:
    """JSON as it goes over the socket."""
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def message(logged: LoggedFrame, link: LinkTo) -> dict[str, Any]:
    """A frame's message as customers see it."""
    stored = logged.message
    assert stored is not None
    part = int(logged.body.get("part", 0))
    meta = stored.meta
    shown: dict[str, Any] = {
        "id": f"{stored.id}{_PART}{part}" if part else stored.id,
        "cursor": logged.cursor,
        "author": stored.author.value,
        "name": stored.author_name,
        "content": str(logged.body.get("content", stored.text)),
        "timestamp": timestamp(stored.created_at),
        "client_id": meta.get("client_id") if stored.author is Author.CUSTOMER else None,
        "attachments": [] if part else [file(item, link) for item in stored.attachments],
        "sources": [source(citation) for citation in stored.citations] + ([] if part else _original(stored)),
        "requires_escalation": requires_escalation(stored),
        "confidence": meta.get("confidence"),
        "status": meta.get("status"),
        "in_reply_to": meta.get("in_reply_to"),
        "kind": _kind(stored),
        "feedback": logged.feedback,
        "intent": meta.get("intent"),
        "sentiment": meta.get("sentiment"),
        "ticket": meta.get("ticket"),
    }
    if logged.turn_id is not None:
        shown["turn_id"] = logged.turn_id
    if choices := _choices(stored):
        shown["choices"] = choices
    return shown


def message_id(wire_id: str) -> str:
    """The stored message's id: the parts of a long one share it."""
    return wire_id.split(_PART, 1)[0]


def answer(frames: Sequence[LoggedFrame], session: Session, client_id: str) -> dict[str, Any]:
    """The reply to a posted message. Of an answer and a notice it holds both texts; the rest is the answer's."""
    said = [frame.message for frame in frames if frame.message is not None]
    stored = next((one for one in said if one.author is Author.AGENT), said[0])
    meta = stored.meta
    shown: dict[str, Any] = {
        "message": "\n\n".join(one.text for one in said),
        "message_id": stored.id,
        "sources": [source(citation) for citation in stored.citations],
        "requires_escalation": any(map(requires_escalation, said)),
        "confidence": float(meta.get("confidence") or 0.0),
        "status": str(meta.get("status") or "bot"),
        "intent": meta.get("intent"),
        "sentiment": meta.get("sentiment"),
        "ticket": next((one.meta["ticket"] for one in said if one.meta.get("ticket")), None),
        "kind": _kind(stored) or "answer",
        "session_id": session.id,
        "client_id": client_id,
        "cursor": frames[-1].cursor,
        "timestamp": timestamp(said[-1].created_at),
    }
    if choices := _choices(stored):
        shown["choices"] = choices
    return shown


def requires_escalation(stored: Message) -> bool:
    """Whether a person is needed: the reply says so, or the conversation waits for one or has one already."""
    if stored.author not in (Author.AGENT, Author.SYSTEM):
        return False
    return bool(stored.meta.get("requires_escalation")) or stored.meta.get("status") in _SILENT_STATES


def file(attachment: Attachment, link: LinkTo) -> dict[str, Any]:
    """A file with a fresh link, which works for a while."""
    return {
        "id": attachment.id,
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "url": link(attachment.id),
    }


def source(citation: Citation) -> dict[str, Any]:
    """A passage that an answer rests on."""
    return {
        "id": citation.id,
        "title": citation.title,
        "content": citation.content,
        "metadata": {
            "source": citation.source,
            "page": citation.page,
            "section": citation.section,
            "url": citation.url,
        },
        "relevance_score": citation.score,
    }


def _original(stored: Message) -> list[dict[str, Any]]:
    """What a member of staff wrote, where their words were translated: what the customer reads rests on it, a click away."""
    words = stored.meta.get(ORIGINAL) if stored.author is Author.STAFF else None
    if not words:
        return []
    title = str(stored.meta.get(ORIGINAL_TITLE) or "Original")
    return [source(Citation(f"{stored.id}-original", title, str(words), "", 1.0))]


def ticket(known: Ticket) -> dict[str, Any]:
    """A ticket as its customer may see it."""
    return {
        "number": known.number,
        "subject": known.subject,
        "status": known.status.value,
        "priority": known.priority.value,
        "category": known.category,
        "created_at": timestamp(known.created_at),
        "updated_at": timestamp(known.updated_at),
    }


def timestamp(at: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _choices(stored: Message) -> list[str]:
    return [one.label for one in choices_in(stored.meta)]


def _kind(stored: Message) -> str | None:
    if stored.kind is None:
        return None
    return "answer" if stored.kind is MessageKind.SMALL_TALK else stored.kind.value
