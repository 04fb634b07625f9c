"""An outbound message as calls to Slack: text in sections, sources below, buttons under answers, then the files. Pure.

Limits after Slack's Block Kit reference: 3,000 characters in a section, 50 blocks, and (not documented, measured by others) some
13,200 in all blocks together, so that one section per message and a short list of sources are always taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from channels.footnotes import referred
from channels.markdown.parse import parse
from channels.markdown.pieces import render as pieces
from channels.markdown.pieces import render_with_plain
from channels.markdown.tree import Document
from channels.slack import altering, buttons
from channels.slack.mrkdwn import MrkdwnDialect, escaped
from channels.slack.words import Words, words
from core.domain.alterations import alteration_in
from core.domain.choices import choices_in
from core.domain.messages import ANSWERS_TO, PRIVATELY, Author, Citation, MessageKind, OutboundMessage, WirePayload
from core.ports.desk import ASKED_CASE, ASKS_RATING

SECTION = 3_000
TEXT = "chat.postMessage"
FILE = "files.upload"
WHISPER = "chat.postEphemeral"
NOTHING = "…"
"""Slack refuses a message without text."""
_SOURCES = 2_000
_RATED = frozenset({MessageKind.ANSWER, MessageKind.UNKNOWN})
_PERSON = frozenset({MessageKind.ANSWER, MessageKind.UNKNOWN, MessageKind.FAILURE})
_DIALECT = MrkdwnDialect()


def mrkdwn(markdown: str) -> list[str]:
    """Markdown in Slack's markup, in pieces that fit into a section each."""
    return pieces(markdown, _DIALECT, limit=SECTION)


def section(text: str) -> dict[str, Any]:
    """A block of text. ``text`` is mrkdwn of at most 3,000 characters."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(text: str) -> dict[str, Any]:
    """A small grey line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def payloads(message: OutboundMessage, language: str, *, rated: bool = True) -> list[WirePayload]:
    """At least one call. A text without words is left out where there are files. ``rated``: answers have thumbs below."""
    said = words(message.locale, language)
    document = parse(message.text)
    texts = [piece for piece in render_with_plain(document, _DIALECT, limit=SECTION) if piece[0].strip()]
    bodies: list[dict[str, Any]] = []
    if texts or not message.attachments:
        bodies = [_text(message, text, told) for text, told in texts or [("", "")]]
        bodies[-1]["blocks"] += _below(message, document, said, rated=rated)
        bodies[0]["first"] = True
    if message.meta.get(PRIVATELY):
        bodies = [{**body, "method": WHISPER, "user": message.meta[ANSWERS_TO]} for body in bodies]
    # Only what is needed to open a file again; its bytes are read when it is sent.
    bodies += [{"method": FILE, "attachment": file.stored(), "label": said.file} for file in message.attachments]
    alteration = alteration_in(message.meta)
    if alteration is not None:
        bodies = altering.bodies(alteration, bodies)
    return [WirePayload(message.conversation, body, part) for part, body in enumerate(bodies)]


def _text(message: OutboundMessage, text: str, told: str) -> dict[str, Any]:
    """``told``: the same without marks, which notifications and screen readers would read out."""
    blocks: list[dict[str, Any]] = [section(text)] if text else []
    fallback = escaped(told)
    if message.author is Author.STAFF and message.author_name:
        blocks.insert(0, context(f"*{escaped(message.author_name)}*"))
        fallback = f"{escaped(message.author_name)}: {fallback}"
    body: dict[str, Any] = {"method": TEXT, "text": fallback or NOTHING, "blocks": blocks}
    return body if message.turn_id is None else body | {"turn_id": message.turn_id}


def _below(message: OutboundMessage, document: Document, said: Words, *, rated: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if message.citations:
        found.append(context(sources(document, message.citations, said)))
    if message.author is not Author.AGENT and message.author is not Author.SYSTEM:
        return found
    choices = choices_in(message.meta)
    if choices:
        found.append(buttons.choices(message.conversation.thread, [one.label for one in choices]))
    elif rated and message.kind in _RATED:
        found.append(buttons.feedback(message.conversation.thread, said))
    if message.meta.get(PRIVATELY) and message.meta.get(ASKS_RATING):
        found.append(buttons.scores(message.conversation.thread, message.meta[ASKED_CASE]))
    if message.kind in _PERSON:
        found.append(buttons.person(message.conversation.thread, said))
    return found


def sources(document: Document, citations: Sequence[Citation], said: Words) -> str:
    """Those that the text refers to, by its numbers; as many as there is room for."""
    lines, room = [f"*{said.sources}*"], _SOURCES
    for number, citation in referred(document, citations):
        line = f"[{number}] {_title(citation)}"
        room -= len(line)
        if room < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _title(citation: Citation) -> str:
    title = escaped(" ".join((citation.title or citation.source).split()))[:300]
    if citation.url and citation.url.lower().startswith(("http://", "https://")) and len(citation.url) < _SOURCES // 2:
        title = _DIALECT.link(title, citation.url)
    where = citation.section if citation.section and citation.section != citation.title else None
    return f"{title}, {escaped(' '.join(where.split()))[:200]}" if where else title
