"""What mail servers report of a mail of ours: bounces (RFC 3464) and read receipts (RFC 8098).

Anybody can write such a report. So one counts only for an id that we signed, which only those know who got that mail.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from itertools import islice
from typing import Annotated, Final

from pydantic import Field

from channels.email import automatic, mime
from channels.email.address import sender
from channels.email.charset import clean, header, raw_headers, words
from channels.email.settings import CHANNEL
from channels.email.tokens import LONGEST_ID, Tokens, event_id, like_ours
from core.domain.keys import EventKey
from core.domain.messages import DeliveryReported, ReceiptStatus

_ACTIONS: Final = {"failed": ReceiptStatus.FAILED, "delivered": ReceiptStatus.DELIVERED}
_POSTMASTER: Final = "postmaster"
_SERVERS: Final = frozenset(("mailer-daemon", _POSTMASTER))
_CODE: Final = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b|\b5\d\d\b")
_LONGEST: Final = 64_000
_LONGEST_DETAIL: Final = 300
_MOST_ABOUT: Final = 200


def is_report(message: Message) -> bool:
    """Whether a server speaks, and not a person. People are postmasters too, and write."""
    if mime.kind(message) == "multipart/report":
        return True
    author = sender(message)
    if author is None or author.local not in _SERVERS:
        return False
    return author.local != _POSTMASTER or automatic.machine_wrote(message)


@dataclass(frozen=True, slots=True)
class Report:
    """``status``: None for what is late but still on its way. ``about``: ids that look like ours, proven or not."""

    status: ReceiptStatus | None
    detail: Annotated[str, Field(max_length=_LONGEST_DETAIL)] | None
    about: Annotated[tuple[Annotated[str, Field(max_length=LONGEST_ID)], ...], Field(max_length=_MOST_ABOUT)]


def read(message: Message) -> Report:
    """What a server reports, and of which mails."""
    status, detail = _outcome(message)
    if status is None:
        return Report(None, None, ())
    found = dict.fromkeys(one for text in _places(message) for one in like_ours(text) if len(one) <= LONGEST_ID)
    return Report(status, detail, tuple(islice(found, _MOST_ABOUT)))


def events(report: Report, tokens: Tokens, account: str, at: datetime) -> list[DeliveryReported]:
    """One event for each mail of ours that the report is about."""
    status = report.status
    if status is None:
        return []
    return [
        DeliveryReported(EventKey(CHANNEL, account, _key(one, report)), event_id(one), status, at, report.detail)
        for one in report.about
        if tokens.thread_of(one)
    ]


def _key(message_id: str, report: Report) -> str:
    """Each failure counts, since each may be another recipient's; of anything else one report is enough."""
    about = report.detail if report.status is ReceiptStatus.FAILED else None
    text = " ".join(filter(None, (message_id, report.status, about)))
    return f"r/{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).hexdigest()}"


def _outcome(message: Message) -> tuple[ReceiptStatus | None, str | None]:
    for part in message.walk():
        kind = mime.kind(part)
        if kind == "message/delivery-status":
            return _delivery(part)
        if kind == "message/disposition-notification":
            text = _fields(part)
            return (ReceiptStatus.READ, None) if "displayed" in text.get("disposition", "").lower() else (None, None)
    if mime.kind(message) == "multipart/report":
        return None, None
    said_there = mime.content(message).text[:_LONGEST]
    code = _CODE.search(said_there)
    said = next((line.strip() for line in said_there.split("\n") if code and code[0] in line), "")
    return (ReceiptStatus.FAILED, said[:_LONGEST_DETAIL] or None) if code else (None, None)


def _delivery(part: Message) -> tuple[ReceiptStatus | None, str | None]:
    """Of several recipients, each that failed is named with the server's reason."""
    outcomes: list[tuple[ReceiptStatus, str | None]] = []
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else []:
        status = _ACTIONS.get(header(block, "Action").strip().lower()) if isinstance(block, Message) else None
        if status is not None and isinstance(block, Message):
            said = header(block, "Diagnostic-Code").partition(";")[2].strip() or header(block, "Status")
            to = (header(block, "Original-Recipient") or header(block, "Final-Recipient")).partition(";")[2].strip()
            outcomes.append((status, ": ".join(filter(None, (to, said)))[:_LONGEST_DETAIL] or None))
    failed = [one for one in outcomes if one[0] is ReceiptStatus.FAILED]
    if not failed:
        return next(iter(outcomes), (None, None))
    told = "; ".join(detail for _, detail in failed if detail)
    return ReceiptStatus.FAILED, told[:_LONGEST_DETAIL] or None


def _fields(part: Message) -> dict[str, str]:
    text = "\n".join(_strings(part))
    lines = (line.partition(":") for line in text.split("\n"))
    return {name.strip().lower(): words(value.strip()) for name, colon, value in lines if colon}


def _places(message: Message) -> Iterator[str]:
    """Where a report names the mail that it is about."""
    for part in message.walk():
        for name in ("Message-ID", "Original-Message-ID", "X-Original-Message-ID", "In-Reply-To", "References"):
            yield from raw_headers(part, name)
        kind = mime.kind(part)
        if kind.startswith(("text/", "message/")):
            yield from _strings(part)


def _strings(part: Message) -> Iterator[str]:
    inner = part.get_payload()
    if isinstance(inner, list):
        for child in inner:
            if isinstance(child, Message):
                yield "\n".join(f"{name}: {value}" for name, value in child.items())[:_LONGEST]
    else:
        yield clean(mime.part_text(part))[:_LONGEST]
