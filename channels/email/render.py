"""A message to mails. Pure: whom it goes to, and what it answers, is looked up when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from channels.email.html import HtmlDialect, paragraphs
from channels.footnotes import with_sources
from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from core.domain.messages import ANSWERS_TO, Author, OutboundMessage, WirePayload
from core.domain.readers import RECIPIENTS

TEXT_LIMIT: Final = 12_000
"""Characters of one mail. Mail knows no limit of its own; readers do."""
_ENDLESS: Final = 1 << 40
_NOTHING_TO_SEE: Final = "…"
_PLAIN: Final = PlainDialect(bullet="-", columns=72, code_indent="    ")
_HTML: Final = HtmlDialect()
_FENCE: Final = "`~"


def payloads(message: OutboundMessage) -> list[WirePayload]:
    """One mail, or several for a text that is very long; the files are in the last."""
    texts = _texts(message)
    bodies: list[dict[str, Any]] = [
        {
            "plain": plain,
            "html": html,
            "automatic": message.author is not Author.STAFF,
            "author_name": message.author_name,
            "locale": message.locale,
            "answers_to": message.meta.get(ANSWERS_TO),
            "recipients": message.meta.get(RECIPIENTS),
            "attachments": [],
        }
        for plain, html in texts
    ]
    if message.address is not None:  # by a contact route: to that address alone, on a thread that may be ours to begin
        for body in bodies:
            body |= {"to": message.address, "subject": str(message.meta.get("subject") or "")}
    bodies[-1]["attachments"] = [file.stored() for file in message.attachments]
    return [WirePayload(message.conversation, body, part) for part, body in enumerate(bodies)]


def _texts(message: OutboundMessage) -> Sequence[tuple[str, str]]:
    """Plain text and HTML. Sources do not count: they stay with their text."""
    text = message.text.rstrip()
    notes = _notes(text, message)
    pieces = render(text, _PLAIN, limit=TEXT_LIMIT)
    plain_notes = _rendered(notes, _PLAIN) if notes else ""
    if len(pieces) == 1:
        whole = f"{text}\n\n{notes}" if notes and not text else with_sources(text, message.citations, message.locale)
        plain = "\n\n".join(part for part in (pieces[0].strip("\n"), plain_notes) if part.strip())
        return [(plain or _NOTHING_TO_SEE, _rendered(whole, _HTML) or f"<p>{_NOTHING_TO_SEE}</p>")]
    shown = [(piece, paragraphs(piece)) for piece in pieces if piece.strip()]
    if plain_notes:
        plain, html = shown[-1]
        shown[-1] = (f"{plain}\n\n{plain_notes}", f"{html}\n{_rendered(notes, _HTML)}")
    return shown


def _notes(text: str, message: OutboundMessage) -> str:
    """The list of sources alone, as Markdown."""
    below = with_sources(text, message.citations, message.locale).removeprefix(text).strip()
    first, _, rest = below.partition("\n")
    return rest.strip() if first and not first.strip(_FENCE) else below


def _rendered(text: str, dialect: PlainDialect) -> str:
    return "\n".join(render(text, dialect, limit=_ENDLESS)).strip("\n")
