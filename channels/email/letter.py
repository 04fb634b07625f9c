"""What one mail says about itself: read once, pure, and used for finding its thread as well as for parsing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Final

from channels.email import automatic, mime, reports, trust
from channels.email.address import Mailbox, mailboxes, sender
from channels.email.automatic import Origin
from channels.email.charset import header, raw_headers
from channels.email.settings import EmailSettings
from channels.email.tokens import message_id_of, own_id, referred_ids

_FIRST_YEAR: Final = 1990
"""What claims to be older comes from a clock that is wrong."""


@dataclass(frozen=True, slots=True)
class Letter:
    """``author``: who speaks (see `automatic.speaker`); None when nobody or several are named. ``proven`` and
    ``refuted``: our own mail server says that it is the named sender's, or that it is not. ``origin``: None for a person's mail.
    """

    message: Message
    event_id: str
    message_id: str | None
    author: Mailbox | None
    proven: bool
    refuted: bool
    origin: Origin | None
    is_report: bool
    subject: str
    answers: tuple[str, ...]
    reply_to: tuple[Mailbox, ...]
    others: tuple[Mailbox, ...]
    locale: str | None

    @property
    def is_shared(self) -> bool:
        """Whether it names anybody besides its author and us: somebody who reads it, or is to read the answer."""
        named = (*self.reply_to, *self.others)
        return self.author is None or any(one.address != self.author.address for one in named)

    @property
    def begins(self) -> bool:
        """Whether it answers nothing."""
        return not self.answers


def read(body: bytes, settings: EmailSettings) -> Letter:
    """Raises InvalidInput for what is no e-mail."""
    message = mime.opened(body)
    named = sender(message)
    author = automatic.speaker(message, named) if named is not None else None
    own = settings.account
    language = header(message, "Content-Language").partition(",")[0].strip()
    return Letter(
        message=message,
        event_id=own_id(message, body, author.address if author is not None else ""),
        message_id=message_id_of(message),
        author=author,
        proven=named is not None and author == named and trust.is_proven(message, named, settings.authserv_id),
        refuted=named is not None and trust.is_refuted(message, named, settings.authserv_id),
        origin=automatic.origin(message, named, own, settings.own_lists) if named is not None else None,
        is_report=reports.is_report(message),
        subject=header(message, "Subject")[:500],
        answers=tuple(referred_ids(message)),
        reply_to=tuple(one for one in mailboxes(message, "Reply-To") if one.address != own),
        others=tuple(one for name in ("To", "Cc") for one in mailboxes(message, name) if one.address != own)[:20],
        locale=language if 2 <= len(language) <= 20 else None,
    )


def written_at(message: Message, received_at: datetime | None) -> datetime | None:
    """The sender's time, never later than ours; ours where it is missing or cannot be."""
    said = _moment(header(message, "Date"))
    if said is None or said.year < _FIRST_YEAR or (received_at is not None and said > received_at):
        return received_at or said
    return said


def came_at(message: Message, received_at: datetime) -> datetime:
    """When a mail first came to our server. Moved between folders it keeps that moment (RFC 3501, section 6.4.7); where a
    program has put it into the folder anew, the topmost Received still tells, or the sender's Date where there is none.
    """
    topmost = raw_headers(message, "Received")[:1]
    said = _moment(topmost[0].rpartition(";")[2] if topmost else header(message, "Date"))
    return received_at if said is None or said.year < _FIRST_YEAR else min(said, received_at)


def _moment(text: str) -> datetime | None:
    try:
        said = parsedate_to_datetime(text.strip())
        return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
