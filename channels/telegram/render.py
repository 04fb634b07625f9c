"""A message to calls of the Bot API. Pure: what depends on the hour or on the network is left to `outgoing`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from channels.footnotes import with_sources
from channels.markdown.parse import parse
from channels.markdown.pieces import render_document
from channels.markdown.tree import Bold, Document, Paragraph, Text
from channels.markdown.write import write
from channels.telegram import altering
from channels.telegram.html import TelegramHtml, seen_units
from channels.telegram.parse import CHOICE, PERSON
from channels.telegram.words import TALK, say
from core.domain.alterations import alteration_in
from core.domain.choices import choices_in
from core.domain.keys import ConversationKey
from core.domain.messages import Author, OutboundMessage, WirePayload

TEXT_LIMIT: Final = 3500
"""UTF-16 code units of one piece. Shorter than what Telegram takes, so that sources and a name stay with their text."""
WIRE_LIMIT: Final = 4096
"""What Telegram takes, after the marks were read (https://core.telegram.org/bots/api#sendmessage)."""
_PHOTO_BYTES = 10 * 1024 * 1024
_PHOTOS = frozenset({"image/jpeg", "image/png", "image/webp"})
_PLAYED = {"video/mp4": "sendVideo", "audio/mpeg": "sendAudio", "audio/mp4": "sendAudio", "audio/ogg": "sendVoice"}
"""What Telegram plays in place (https://core.telegram.org/bots/api#sendvideo and below); all else is a document."""
_NUMBER = re.compile(r"-?[0-9]{1,20}").fullmatch
_NOTHING_TO_SEE = "…"
_DIALECT = TelegramHtml()


def payloads(message: OutboundMessage) -> list[WirePayload]:
    """The text in pieces, with buttons below the last where there is something to choose, then each file."""
    bodies = [*_texts(message), *_files(message)]
    alteration = alteration_in(message.meta)
    if alteration is not None:
        bodies = altering.calls(alteration, bodies)
    return [WirePayload(message.conversation, body, part) for part, body in enumerate(bodies)]


def place(conversation: ConversationKey) -> dict[str, Any]:
    """The parameters that say where: a chat, and a topic of it."""
    chat, _, topic = conversation.thread.partition("/")
    found: dict[str, Any] = {"chat_id": int(chat) if _NUMBER(chat) else chat}
    if _NUMBER(topic):
        found["message_thread_id"] = int(topic)
    return found


def text_call(where: Mapping[str, Any], written: str) -> dict[str, Any]:
    """One sendMessage. Without previews: they would show a source larger than the answer."""
    params = {**where, "text": written, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}
    return {"method": "sendMessage", "params": params}


def _texts(message: OutboundMessage) -> Sequence[dict[str, Any]]:
    pieces = [piece for piece in _written(message) if piece.strip()]
    if not pieces:
        if message.attachments:
            return []
        pieces = [_NOTHING_TO_SEE]
    where = place(message.conversation)
    calls = [text_call(where, piece) for piece in pieces]
    keyboard = _keyboard(message)
    if keyboard:
        calls[-1]["params"]["reply_markup"] = {"inline_keyboard": keyboard}
    return calls


def _written(message: OutboundMessage) -> list[str]:
    document = _named(message, parse(with_sources(message.text, message.citations, message.locale)))
    whole = write(document, _DIALECT)
    if seen_units(whole) <= WIRE_LIMIT and seen_units(write(parse(message.text), _DIALECT)) <= TEXT_LIMIT:
        return [whole]
    return render_document(document, _DIALECT, limit=TEXT_LIMIT, size=seen_units)


def _named(message: OutboundMessage, document: Document) -> Document:
    """People sign with their name; the bot's own stands above all of its messages already."""
    if message.author is not Author.STAFF or not message.author_name:
        return document
    return (Paragraph((Bold((Text(message.author_name),)),)), *document)


def _keyboard(message: OutboundMessage) -> list[list[dict[str, str]]]:
    """https://core.telegram.org/bots/api#inlinekeyboardmarkup; the age of the message is the age of the button."""
    choices = enumerate(choices_in(message.meta), 1)
    rows = [[{"text": one.label, "callback_data": f"{CHOICE}{number}"}] for number, one in choices]
    if message.meta.get("offers_person"):
        rows.append([{"text": say(TALK, message.locale), "callback_data": PERSON}])
    return rows


def _files(message: OutboundMessage) -> Iterator[dict[str, Any]]:
    for attachment in message.attachments:
        photo = attachment.media_type in _PHOTOS and attachment.size <= _PHOTO_BYTES
        yield {
            "method": "sendPhoto" if photo else _PLAYED.get(attachment.media_type, "sendDocument"),
            "params": place(message.conversation),
            "file": attachment.stored(),
            "locale": message.locale,
        }
