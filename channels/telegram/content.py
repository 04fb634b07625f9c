"""What a message holds: text that an agent understands, and files. Pure.

Service messages (somebody joined, a title changed) hold nothing. What is neither text nor a file becomes a line in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from channels.telegram.entities import Marked
from channels.telegram.wire import Contact, Dice, File, Location, Message, Poll, Venue
from core.domain.attachments import AttachmentRef


@dataclass(frozen=True, slots=True)
class Content:
    """``marked`` is what was typed, ``lines`` what was sent besides."""

    marked: Marked
    lines: tuple[str, ...] = ()
    files: tuple[AttachmentRef, ...] = ()


_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "animation": ("animation.mp4", "video/mp4"),
    "document": ("document", "application/octet-stream"),
    "video": ("video.mp4", "video/mp4"),
    "audio": ("audio.mp3", "audio/mpeg"),
    "voice": ("voice.ogg", "audio/ogg"),
    "video_note": ("video-note.mp4", "video/mp4"),
    "live_photo": ("live-photo.mp4", "video/mp4"),
}
"""Field, with the name and the type of a file that brings none. An animation repeats itself as a document."""


def content_of(message: Message) -> Content | None:
    """None for a service message. Raises KeyError, TypeError and the like for what is no message at all."""
    fields: Mapping[str, Any] = message
    caption = "caption" in fields
    text = str(fields.get("caption" if caption else "text") or "")
    marked = Marked(text, fields.get("caption_entities" if caption else "entities") or ())
    files = tuple(_files(fields))
    lines = tuple(
        describe(fields[kind]) for kind, describe in _LINES.items() if kind in fields and not _told(kind, fields)
    )
    return Content(marked, lines, files) if text or files or lines else None


def _told(kind: str, fields: Mapping[str, Any]) -> bool:
    """A venue repeats its location."""
    return kind == "location" and "venue" in fields


def _files(fields: Mapping[str, Any]) -> Iterator[AttachmentRef]:
    number = fields["message_id"]
    if fields.get("photo"):
        largest: File = max(fields["photo"], key=lambda size: size.get("file_size") or size.get("width") or 0)
        yield AttachmentRef(largest["file_id"], f"photo-{number}.jpg", "image/jpeg", largest.get("file_size"))
    for kind, (name, media_type) in _FILES.items():
        if kind in fields and not (kind == "document" and "animation" in fields):
            yield _file(fields[kind], name, media_type, number)


def _file(file: File, name: str, media_type: str, number: int) -> AttachmentRef:
    stem, dot, ending = name.partition(".")
    kind = file.get("mime_type") or media_type
    own = file.get("file_name") or f"{stem}-{number}" + (f"{dot}{ending}" if kind == media_type else "")
    return AttachmentRef(file["file_id"], own, kind, file.get("file_size"))


def _location(location: Location) -> str:
    return f"[Location: {location['latitude']:.6f}, {location['longitude']:.6f}]"


def _venue(venue: Venue) -> str:
    place = venue["location"]
    return f"[Place: {venue['title']}, {venue['address']} ({place['latitude']:.6f}, {place['longitude']:.6f})]"


def _contact(contact: Contact) -> str:
    name = f"{contact['first_name']} {contact.get('last_name') or ''}".strip()
    return f"[Contact: {name}, {contact['phone_number']}]"


def _sticker(sticker: File) -> str:
    return f"[Sticker: {sticker.get('emoji') or sticker.get('set_name') or 'without words'}]"


def _dice(dice: Dice) -> str:
    return f"[{dice['emoji']} shows {dice['value']}]"


def _poll(poll: Poll) -> str:
    return f"[Poll: {poll['question']} {' / '.join(option['text'] for option in poll['options'])}]"


def _game(game: Mapping[str, Any]) -> str:
    return f"[Game: {game.get('title', '')}]"


def _checklist(checklist: Mapping[str, Any]) -> str:
    tasks = "; ".join(str(task.get("text", "")) for task in checklist.get("tasks") or ())
    return f"[Checklist: {checklist.get('title', '')}: {tasks}]"


def _rich(rich: Mapping[str, Any]) -> str:
    return "\n".join(filter(None, (_words(block).strip() for block in rich["blocks"])))


def _words(part: Any) -> str:
    """All that is written in a rich text, whatever it is nested in."""
    if isinstance(part, str):
        return part
    if isinstance(part, list):
        return "".join(map(_words, part))
    if isinstance(part, dict):
        held = (part[key] for key in _HOLDERS if key in part)
        return "".join(_words(one) + ("" if isinstance(one, str) else "\n") for one in held).rstrip("\n")
    return ""


_HOLDERS = ("text", "expression", "alternative_text", "header", "caption", "blocks", "items", "rows", "cells")

_LINES: Final[Mapping[str, Callable[[Any], str]]] = {
    "location": _location,
    "venue": _venue,
    "contact": _contact,
    "sticker": _sticker,
    "dice": _dice,
    "poll": _poll,
    "game": _game,
    "checklist": _checklist,
    "rich_message": _rich,
    "story": lambda _: "[A story]",
    "paid_media": lambda _: "[Paid media, which bots cannot open]",
    "giveaway": lambda _: "[A giveaway]",
}
