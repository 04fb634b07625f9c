"""A rendered payload and its thread to the bytes of one mail. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from channels.email import words
from channels.email.html import paragraphs, quoted
from channels.email.threads import Thread
from core.domain.attachments import Attachment
from core.domain.errors import Rejected

_POLICY = SMTP.clone(max_line_length=900)
"""At 78 the library would write a long Message-ID in References as an encoded word, which nobody reads as an id."""
_ANSWERED = re.compile(r"\s*(?:re|aw|sv|antw|rif|odp|رد)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_ENCODED = "=?"
"""With this begins an encoded word, which the library decodes in what is given to it as plain text (RFC 2047)."""
_SPACES = re.compile(r"\s+")
_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+").fullmatch
_PAGE = (
    '<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"></head>\n<body>\n'
    '<div dir="auto">\n{text}\n</div>\n{below}</body></html>\n'
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What every mail of ours has: ``company`` is shown as its sender."""

    address: str
    company: str
    message_id: str
    at: datetime


def composed(
    body: Mapping[str, Any],
    thread: Thread,
    envelope: Envelope,
    files: Sequence[tuple[Attachment, bytes]],
    instead: Sequence[str] = (),
    *,
    quotes: bool,
) -> bytes:
    """``instead``: lines for files that do not go with it. ``quotes``: the original below, in the first mail of a message."""
    language = words.language_of(body.get("locale") or thread.locale)
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = _mailbox(_shown_as(envelope.company, body), envelope.address)
    mail["To"] = _mailbox(thread.name, thread.to)
    if thread.copies:
        mail["Cc"] = [_mailbox(name, address) for address, name in thread.copies]
    mail["Subject"] = _subject(thread, language)
    mail["Date"] = format_datetime(envelope.at)
    mail["Message-ID"] = envelope.message_id
    if thread.answers and _ENCODED not in thread.answers:
        mail["In-Reply-To"] = thread.answers
        mail["References"] = " ".join(one for one in thread.chain or (thread.answers,) if _ENCODED not in one)
    if body.get("automatic"):
        mail["Auto-Submitted"] = "auto-replied"  # RFC 3834, section 5
    elif body.get("generated"):
        mail["Auto-Submitted"] = "auto-generated"
    if body.get("automatic") or body.get("generated"):
        mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"
    intro = (
        words.wrote(language, thread.name or thread.to, datetime.fromisoformat(thread.quote_at))
        if quotes and thread.quote
        else ""
    )
    plain, html = _texts(body, thread, instead, intro)
    mail.set_content(plain, cte="quoted-printable")
    mail.add_alternative(
        _PAGE.format(language=language, text=html, below=quoted(intro, thread.quote) if intro else ""),
        subtype="html",
        cte="quoted-printable",
    )
    _attach(mail, files)
    mail["Content-Language"] = language  # set last: the library moves earlier ones into the first part
    return _checked(mail.as_bytes(), mail.keys())


def _checked(data: bytes, names: Sequence[str]) -> bytes:
    """The mail, if these are its headers and no more. Raises Rejected."""
    lines = [line for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    found = [line.partition(b":")[0].decode("ascii", "replace") for line in lines]
    if found != list(names) or any(mark in line for line in lines for mark in (b"\r", b"\n")):
        raise Rejected("A header of this mail would add another one.")
    return data


def _attach(mail: EmailMessage, files: Sequence[tuple[Attachment, bytes]]) -> None:
    for file, data in files:
        media_type = file.media_type if _TYPE(file.media_type) else "application/octet-stream"
        if media_type.startswith(("message/", "multipart/")):
            media_type = "application/octet-stream"
        main, _, sub = media_type.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=_line(file.name) or "file")


def _texts(body: Mapping[str, Any], thread: Thread, instead: Sequence[str], intro: str) -> tuple[str, str]:
    extra = "\n".join(instead)
    plain = "\n\n".join(part for part in (str(body["plain"]), extra) if part)
    html = "\n".join(part for part in (str(body["html"]), paragraphs(extra)) if part)
    if intro:
        below = "\n".join(f"> {line}".rstrip() for line in thread.quote.split("\n"))
        plain = f"{plain}\n\n{intro}\n{below}"
    return plain + "\n", html


def _shown_as(company: str, body: Mapping[str, Any]) -> str:
    name = _line(str(body.get("author_name") or ""))
    return f"{name} ({company})" if name and not body.get("automatic") else company


def _mailbox(name: str | None, address: str) -> Address | str:
    local, _, domain = address.rpartition("@")
    try:
        return Address(_line(name or ""), local, domain)
    except (ValueError, IndexError):
        return Address(_line(name or ""), addr_spec=address)


def _subject(thread: Thread, language: str) -> str:
    said = _line(thread.subject)
    if not said:
        return words.no_subject(language)
    return said if thread.is_ours or _ANSWERED.match(said) else f"Re: {said}"


def _line(text: str) -> str:
    """A header's value has one line: what customers write cannot add another one, nor by an encoded word that is read again."""
    line = _SPACES.sub(" ", "".join(mark if mark.isprintable() else " " for mark in text)).strip()[:300]
    return line.replace(_ENCODED, "= ?")
