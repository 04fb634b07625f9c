"""What one mail says about itself: read once, pure, and used for finding its thread as well as for parsing it.

A letter holds values alone, each with its largest size, since a confined process makes it and the hub checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import Annotated, Final

from pydantic import AwareDatetime, Field, StringConstraints

from channels.email import automatic, mime, reports, trust
from channels.email.address import Mailbox, has_several_authors, mailboxes, sender
from channels.email.automatic import Origin
from channels.email.charset import header, raw_headers
from channels.email.mime import LONGEST_KIND, LONGEST_TEXT, MOST_FILES
from channels.email.part_file import LONGEST_NAME, PartFile
from channels.email.reply_text import own_words, reply_text
from channels.email.reports import Report
from channels.email.settings import MailRules
from channels.email.tokens import LONGEST_ID, MOST_ANSWERED, message_id_of, own_id, referred_ids

_FIRST_YEAR: Final = 1990
"""What claims to be older comes from a clock that is wrong."""
_LONGEST_DATE: Final = 200
_LONGEST_SUBJECT: Final = 500
_MOST_PEOPLE: Final = 20
_CONTENT: Final = 12
"""Bytes of the hash by which two mails with one Message-ID are told apart."""
_LOCALE: Final = (2, 20)

_Id = Annotated[str, StringConstraints(pattern=r"^<[^<>\s]+>$", max_length=LONGEST_ID)]
_Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
_People = Annotated[tuple[Mailbox, ...], Field(max_length=_MOST_PEOPLE)]


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file in a mail without its bytes. ``size`` in bytes; ``media_type`` is the sender's claim."""

    name: Annotated[str, Field(max_length=LONGEST_NAME)]
    media_type: Annotated[str, Field(max_length=LONGEST_KIND)]
    size: Annotated[int, Field(ge=0)]


Files = Annotated[tuple[NamedFile, ...], Field(max_length=MOST_FILES)]


@dataclass(frozen=True, slots=True)
class Letter:
    """``author``: who speaks (see `automatic.speaker`); None when nobody is named. ``proven`` and ``refuted``: our own mail
    server says that it is the named sender's, or that it is not. ``several``: it names more authors than one, so none of them is
    proven. ``cc``: those of ``others`` whom Cc alone names; ``unanswered``: whom no answer goes to. ``only_copied``: it is to
    somebody else, with us in Cc. ``spam``: a mail server takes it for that. ``origin``: None for a person's mail.
    ``report``: what a server reports instead of a person who writes. ``dated``: the sender's Date. ``came``: when the mail came
    to our server, by its own headers. ``text``: the newest words; ``own``: of them only what is certainly the writer's.
    ``content``: its hash; ``reuses_id``: an earlier mail of its author with another content has the same Message-ID.
    ``passed_on``: what others wrote, to be read in full. The last four are empty when no answer is due.
    """

    event_id: str
    message_id: _Id | None
    author: Mailbox | None
    proven: bool
    refuted: bool
    origin: Origin | None
    report: Report | None
    subject: Annotated[str, Field(max_length=_LONGEST_SUBJECT)]
    answers: Annotated[tuple[_Id, ...], Field(max_length=MOST_ANSWERED)]
    reply_to: _People
    others: _People
    locale: Annotated[str, Field(min_length=_LOCALE[0], max_length=_LOCALE[1])] | None
    dated: AwareDatetime | None
    came: AwareDatetime | None
    text: _Text = ""
    own: _Text = ""
    passed_on: _Text = ""
    files: Files = ()
    several: bool = False
    spam: bool = False
    only_copied: bool = False
    content: Annotated[str, StringConstraints(max_length=_CONTENT * 2)] = ""
    reuses_id: bool = False
    cc: _People = ()
    unanswered: Annotated[tuple[Mailbox, ...], Field(max_length=2 * _MOST_PEOPLE)] = ()

    @property
    def is_shared(self) -> bool:
        """Whether it has readers besides its author and us, now or of the answer."""
        named = (*self.reply_to, *self.others)
        return self.author is None or any(one.address != self.author.address for one in named)

    @property
    def is_for_us(self) -> bool:
        """Whether a person wrote it, who can be answered."""
        return self.author is not None and self.origin is None and self.report is None


def read(body: bytes, rules: MailRules) -> Letter:
    """Raises InvalidInput for what is no e-mail."""
    message = mime.opened(body)
    named = sender(message, rules.account)
    author = automatic.speaker(message, named) if named is not None else None
    own = rules.account
    language = header(message, "Content-Language").partition(",")[0].strip()
    message_id = message_id_of(message)
    verdicts = trust.verdicts(message, rules.authserv_id)
    several = has_several_authors(message)
    reply_to = tuple(one for one in mailboxes(message, "Reply-To") if one.address != own)[:_MOST_PEOPLE]
    others = _others(message, own, author, several=several)
    unanswered = others if author != named else automatic.unanswered(message, (*reply_to, *others), Mailbox(own))
    in_cc = {one.address for one in mailboxes(message, "Cc")} - {one.address for one in mailboxes(message, "To")}
    letter = Letter(
        event_id=own_id(message_id, author.address if author is not None else "", body),
        message_id=message_id,
        author=author,
        proven=not several and named is not None and author == named and trust.is_proven(verdicts, named),
        refuted=named is not None and trust.is_refuted(verdicts, named),
        origin=automatic.origin(message, named, own, rules.own_lists) if named is not None else None,
        report=reports.read(message) if reports.is_report(message) else None,
        subject=header(message, "Subject")[:_LONGEST_SUBJECT],
        answers=tuple(referred_ids(message)),
        reply_to=reply_to,
        others=others,
        cc=tuple(one for one in others if one.address in in_cc),
        unanswered=unanswered,
        locale=language if _LOCALE[0] <= len(language) <= _LOCALE[1] else None,
        dated=_moment(header(message, "Date")),
        came=_came(message),
        several=several,
        spam=automatic.is_marked_as_spam(message),
        only_copied=own in in_cc and any(one.address not in in_cc for one in others if one not in unanswered),
    )
    return _with_content(letter, message) if letter.is_for_us else letter


def _others(message: Message, own: str, author: Mailbox | None, *, several: bool) -> tuple[Mailbox, ...]:
    """Who reads it or, where ``several`` did, wrote it beside its author and us. Nobody reads what is sent From a form."""
    headers = ("From", "To", "Cc") if several else ("To", "Cc")
    named = dict.fromkeys(one for name in headers for one in mailboxes(message, name))
    return tuple(one for one in named if one.address != own and (author is None or one.address != author.address))[
        :_MOST_PEOPLE
    ]


def written_at(letter: Letter, received_at: datetime | None) -> datetime | None:
    """The sender's time, never later than ours; ours where it is missing or cannot be."""
    said = letter.dated
    if said is None or said.year < _FIRST_YEAR or (received_at is not None and said > received_at):
        return received_at or said
    return said


def came_at(letter: Letter, received_at: datetime) -> datetime:
    """When a mail first came to our server. Moved between folders it keeps that moment (RFC 3501, section 6.4.7); where a
    program has put it into the folder anew, the topmost Received still tells, or the sender's Date where there is none.
    """
    said = letter.came
    return received_at if said is None or said.year < _FIRST_YEAR else min(said, received_at)


def _with_content(letter: Letter, message: Message) -> Letter:
    found = mime.content(message)
    return replace(
        letter,
        text=reply_text(found.text, letter.subject),
        own=own_words(found.text),
        passed_on=found.passed_on,
        content=_content_hash(message),
        files=named_files(found.files),
    )


def _content_hash(message: Message) -> str:
    """The same for each delivery of one mail, however servers on its way encode it; empty for a list's, which may add words."""
    if raw_headers(message, "List-Id"):
        return ""
    found = hashlib.blake2b(digest_size=_CONTENT)
    found.update(
        header(message, "Date").encode("utf-8", "surrogatepass") + b"\0"
    )  # the Subject may be tagged on the way
    parts = [message]
    while parts:
        part = parts.pop()
        if part.is_multipart():
            parts += [one for one in part.get_payload() if isinstance(one, Message)]
        else:
            found.update(mime.payload(part).translate(None, b" \t\r\n") + b"\0")
    return found.hexdigest()


def named_files(files: Sequence[PartFile]) -> Files:
    """The files without their bytes."""
    return tuple(NamedFile(file.name, file.media_type, len(file.data)) for file in files)


def _came(message: Message) -> datetime | None:
    topmost = raw_headers(message, "Received")[:1]
    return _moment(topmost[0].rpartition(";")[2] if topmost else header(message, "Date"))


def _moment(text: str) -> datetime | None:
    try:
        said = parsedate_to_datetime(text.strip()[:_LONGEST_DATE])
        return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None
