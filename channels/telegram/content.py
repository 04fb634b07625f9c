"""What a message holds: text that an agent understands, and files. Pure.

Service messages (somebody joined, a title changed) hold nothing. What is neither text nor a file becomes a line in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from telegram import Location, Message

from channels.telegram.entities import Marked
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
    """None for a service message."""
    marked = Marked(message.text or message.caption or "", message.entities or message.caption_entities)
    files = tuple(_files(message))
    parts = ((kind, getattr(message, kind)) for kind in _LINES)
    lines = tuple(
        _LINES[kind](part) for kind, part in parts if part is not None and not (kind == "location" and message.venue)
    )  # a venue repeats its location
    rich = message.api_kwargs.get("rich_message")
    lines += (_rich(rich),) if rich is not None else ()
    return Content(marked, lines, files) if marked.text or files or lines else None


def _files(message: Message) -> Iterator[AttachmentRef]:
    number = message.message_id
    if message.photo:
        largest = max(message.photo, key=lambda size: size.file_size or size.width or 0)
        yield AttachmentRef(largest.file_id, f"photo-{number}.jpg", "image/jpeg", largest.file_size)
    for kind, (name, media_type) in _FILES.items():
        file = getattr(message, kind)
        if file is not None and not (kind == "document" and message.animation is not None):
            yield _file(file, name, media_type, number)


def _file(file: Any, name: str, media_type: str, number: int) -> AttachmentRef:
    stem, dot, ending = name.partition(".")
    kind = getattr(file, "mime_type", None) or media_type
    own = getattr(file, "file_name", None) or f"{stem}-{number}" + (f"{dot}{ending}" if kind == media_type else "")
    return AttachmentRef(file.file_id, own, kind, file.file_size)


def _position(place: Location) -> str:
    return f"{place.latitude:.6f}, {place.longitude:.6f}"


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
    "location": lambda place: f"[Location: {_position(place)}]",
    "venue": lambda venue: f"[Place: {venue.title}, {venue.address} ({_position(venue.location)})]",
    "contact": lambda one: f"[Contact: {f'{one.first_name} {one.last_name or str()}'.strip()}, {one.phone_number}]",
    "sticker": lambda sticker: f"[Sticker: {sticker.emoji or sticker.set_name or 'without words'}]",
    "dice": lambda dice: f"[{dice.emoji} shows {dice.value}]",
    "poll": lambda poll: f"[Poll: {poll.question} {' / '.join(option.text for option in poll.options)}]",
    "game": lambda game: f"[Game: {game.title}]",
    "checklist": lambda listed: f"[Checklist: {listed.title}: {'; '.join(task.text for task in listed.tasks)}]",
    "story": lambda _: "[A story]",
    "paid_media": lambda _: "[Paid media, which bots cannot open]",
    "giveaway": lambda _: "[A giveaway]",
}
