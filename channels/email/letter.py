"""What one mail says about itself: read once, pure, and used for finding its thread as well as for parsing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime

from channels.email import automatic, mime, reports, trust
from channels.email.address import Mailbox, mailboxes, sender
from channels.email.automatic import Origin
from channels.email.charset import header
from channels.email.settings import EmailSettings
from channels.email.tokens import message_id_of, own_id, referred_ids


@dataclass(frozen=True, slots=True)
class Letter:
    """``author``: who speaks (see `automatic.speaker`); None when nobody or several are named. ``origin``: None for a person's
    mail."""

    message: Message
    event_id: str
    message_id: str | None
    author: Mailbox | None
    proven: bool
    origin: Origin | None
    is_report: bool
    subject: str
    answers: tuple[str, ...]
    reply_to: tuple[Mailbox, ...]
    others: tuple[Mailbox, ...]
    locale: str | None

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
        event_id=own_id(message, body),
        message_id=message_id_of(message),
        author=author,
        proven=named is not None and author == named and trust.is_proven(message, named, settings.authserv_id),
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
    try:
        said = parsedate_to_datetime(header(message, "Date"))
        said = said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return received_at
    if said.year < 1990 or (received_at is not None and said > received_at):
        return received_at or said
    return said
