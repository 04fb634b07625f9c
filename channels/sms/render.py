"""An outbound message as bodies of messages: one, or numbered parts, with short sources; files one message each. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from channels.footnotes import compact, referred
from channels.markdown.parse import parse
from channels.markdown.pieces import render
from channels.markdown.plain import PlainDialect
from channels.markdown.write import write
from channels.sms import gsm
from channels.sms.address import WHATSAPP
from core.domain.messages import Author, Citation, OutboundMessage, WirePayload

BODY_LIMIT: Final = 1600
"""What Twilio takes in one message, on SMS as on WhatsApp (error 21617)."""
TEXT_LIMIT: Final = 1400
"""What of it is for the text; the rest is for the number of the part, a name, and sources."""
_NAME_LIMIT = 40
_FENCE = "```"
_TRACKING = ("utm_", "fbclid", "gclid", "mc_cid", "mc_eid")


class _SmsDialect(PlainDialect):
    """Addresses without what only counts visitors: every character costs."""

    def link(self, inner: str, url: str) -> str:
        """The short address."""
        short = shortened(url)
        return super().link(short if inner == url else inner, short)


class _WhatsAppDialect(PlainDialect):
    """WhatsApp shows *bold*, _italic_, ~struck~, `code`, lists and quotes (WhatsApp Help, "Formatting").

    Links stay as addresses, which WhatsApp makes clickable; there is no other way to write one.
    """

    def code(self, text: str) -> str:
        """Fixed width."""
        return f"`{text}`" if text.strip() and "`" not in text else text

    def bold(self, inner: str) -> str:
        """One asterisk."""
        return _marked(inner, "*")

    def italic(self, inner: str) -> str:
        """Underscores."""
        return _marked(inner, "_")

    def strike(self, inner: str) -> str:
        """One tilde."""
        return _marked(inner, "~")

    def heading(self, inner: str, level: int) -> str:
        """Bold: there are no headings."""
        return inner if "*" in inner else _marked(inner, "*")

    def code_block(self, text: str, language: str) -> str:
        """Between fences on lines of their own."""
        return text if _FENCE in text else f"{_FENCE}\n{text}\n{_FENCE}"


_SMS = _SmsDialect(bullet="-")
_WHATSAPP = _WhatsAppDialect(bullet="-")


def payloads(message: OutboundMessage) -> list[WirePayload]:
    """The text in its parts, then each file."""
    bodies = _bodies(message) if message.text.strip() or not message.attachments else []
    wires: list[dict[str, Any]] = [{"kind": "text", "text": body, "segments": gsm.segments(body)} for body in bodies]
    wires += [{"kind": "file", "file": file.stored(), "locale": message.locale} for file in message.attachments]
    return [WirePayload(message.conversation, wire, part) for part, wire in enumerate(wires)]


def shortened(url: str) -> str:
    """Without parameters that only tell where a visitor came from; the page is the same."""
    parts = urlsplit(url)
    if not parts.query or not any(mark in parts.query for mark in _TRACKING):
        return url
    kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].startswith(_TRACKING)]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _bodies(message: OutboundMessage) -> list[str]:
    whatsapp = WHATSAPP in message.conversation.thread
    dialect: PlainDialect = _WHATSAPP if whatsapp else _SMS
    encode = str if whatsapp else gsm.smart
    parts = render(message.text, dialect, limit=TEXT_LIMIT, size=gsm.units16 if whatsapp else gsm.at_most)
    if message.author is Author.STAFF and message.author_name:
        parts[0] = f"{message.author_name.strip()[:_NAME_LIMIT]}: {parts[0]}"
    numbered = [f"({number}/{len(parts)}) {part}" if len(parts) > 1 else part for number, part in enumerate(parts, 1)]
    numbered[-1] = _with_sources(numbered[-1], _sources(message, dialect))
    return [encode(part) for part in numbered]


def _sources(message: OutboundMessage, dialect: PlainDialect) -> Sequence[str]:
    """One line for each source that the text refers to."""
    cited = [_with_short_url(citation) for citation in message.citations]
    if not cited:
        return ()
    markers = "".join(f"[{number}]" for number, _ in referred(parse(message.text), cited))
    _, _, below = compact(markers, cited, message.locale).partition("\n\n")
    return write(parse(below), dialect).split("\n")


def _with_short_url(citation: Citation) -> Citation:
    return replace(citation, url=shortened(citation.url)) if citation.url else citation


def _with_sources(body: str, lines: Sequence[str]) -> str:
    """As many as fit, whole ones only: a link that is cut leads nowhere."""
    gap = "\n\n" if body else ""
    for line in lines:
        longer = f"{body}{gap}{line}"
        if gsm.at_most(longer) > BODY_LIMIT:
            break
        body, gap = longer, "\n"
    return body


def _marked(inner: str, mark: str) -> str:
    """Marks hold on one line only, and must touch the words; spaces stay outside."""
    return "\n".join(_line(line, mark) for line in inner.split("\n"))


def _line(line: str, mark: str) -> str:
    words = line.strip()
    if not words or mark in words:
        return line
    start = line.index(words)
    return f"{line[:start]}{mark}{words}{mark}{line[start + len(words) :]}"
