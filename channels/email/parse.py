"""A mail to the domain. Pure: the thread, which memory alone knows, was looked up before and is in the raw event's headers."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, unquote

from channels.email import letter, reports
from channels.email.address import Mailbox
from channels.email.letter import Letter, came_at, written_at
from channels.email.reply_text import is_forward
from channels.email.settings import CHANNEL, EmailSettings
from channels.email.staff import Reply
from channels.email.tokens import Tokens
from core.domain.attachments import AttachmentRef
from core.domain.customer import Identity
from core.domain.errors import InvalidInput
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.domain.readers import MessageReader, NamedIn

FOLDER: Final = "folder"
VALIDITY: Final = "validity"
UID: Final = "uid"
THREAD: Final = "thread"
JOINED: Final = "joined"
BEGUN_BY_US: Final = "begun_by_us"
"""``0`` where the customer began the thread; missing in mails that an earlier version has put aside."""
KNOWN: Final = "known"
"""The addresses, as JSON, that alone are answered besides the author; missing where all are whom the mail names."""
CASE: Final = "case"
"""The case that an answer to a mail of staff's is about."""
BY_STAFF: Final = "by_staff"
"""Whether the author of such an answer may answer for the company, or is a colleague in a customer's thread."""
INSIDE: Final = "inside"
"""Whether what a colleague wrote in a customer's thread has not gone to every customer there."""
LEFT_OUT: Final = "left_out"
"""The parts of a large mail that were not loaded with it (see `large_mail`)."""
ANSWERED_FROM: Final = "answered_from"
"""The moment from which on mail is answered; what came before is kept."""
_ENVELOPE: Final = (FOLDER, VALIDITY, UID)
_ANSWER: Final = re.compile(r"\s*(?:re|aw|sv|antw|ref?|rif|odp|vs|رد)(?:\s*\[\d+\])?\s*:", re.IGNORECASE)

_FORGED: Final = (
    "This mail fails the check of the domain that it names as its sender (DMARC): somebody else may have written it. "
    "Nothing was answered."
)
_SEVERAL: Final = (
    "This mail names several people as its authors: which of them wrote it is not certain. Nothing was answered."
)


class Reader:
    """Reads what one mailbox got."""

    def __init__(self, settings: EmailSettings, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens

    def read(self, raw: RawEvent) -> Sequence[InboundEvent]:
        """From the bytes alone, in this process. See `events`."""
        return self.events(raw, letter.read(raw.body, self._settings.rules))

    def events(self, raw: RawEvent, mail: Letter) -> Sequence[InboundEvent]:
        """Empty for mail that is left alone. Raises InvalidInput for what is no e-mail or has nobody to answer."""
        if any(name not in raw.headers for name in _ENVELOPE):
            raise InvalidInput("An e-mail comes with its folder, its UIDVALIDITY and its UID.")
        sent_at = written_at(mail, raw.received_at)
        if sent_at is None:
            raise InvalidInput("This e-mail has no date.")
        if mail.report is not None:
            return reports.events(mail.report, self._tokens, self._settings.account, sent_at)
        if mail.author is None:
            raise InvalidInput("This e-mail names nobody as its author: there is no one to answer.")
        if mail.origin is not None:
            return []
        thread = raw.headers.get(THREAD)
        if not thread:
            raise InvalidInput("This e-mail comes without its thread.")
        account = self._settings.account
        case_id, joined = raw.headers.get(CASE), raw.headers.get(JOINED) == "1"
        by_staff = raw.headers.get(BY_STAFF) == "1"
        if mail.spam and not joined:
            return []
        if case_id is not None:
            proves, sign = self._settings.authserv_id is not None, self._settings.note_sign
            reply = Reply(mail, case_id, account, sent_at, _files(raw, mail), by_staff, proves, sign)
            return [] if _is_old(raw, mail) else reply.events()
        return [
            MessageReceived(
                key=EventKey(CHANNEL, account, mail.event_id),
                conversation=ConversationKey(CHANNEL, account, thread),
                sender=Identity(
                    channel=CHANNEL,
                    account=account,
                    external_id=mail.author.address,
                    display_name=mail.author.name,
                    email=mail.author.address,
                    verified=mail.proven,
                    locale=mail.locale,
                ),
                text=_body_text(mail, joined=joined),
                sent_at=sent_at,
                attachments=_files(raw, mail),
                locale=mail.locale,
                reply_to=mail.answers[0] if mail.answers else None,
                caution=self._caution(mail),
                for_record=_is_old(raw, mail),
                shared=mail.is_shared and raw.headers.get(INSIDE) != "1",
                addressed=False if mail.only_copied and joined else None,
                answered_alone=True,
                readers=readers(mail, json.loads(raw.headers[KNOWN]) if KNOWN in raw.headers else None),
                begun_by_us=raw.headers.get(BEGUN_BY_US) != "0",
                by_staff=by_staff,
            )
        ]

    def _caution(self, mail: Letter) -> str | None:
        if mail.refuted and not self._settings.answer_refuted:
            return _FORGED
        return _SEVERAL if mail.several else None


def readers(mail: Letter, known: Collection[str] | None) -> tuple[MessageReader, ...]:
    """Who got a mail, and whom an answer to it goes to: its author first; nobody where no one but its author and us is named.

    An answer goes to the author and to everybody whom the mail names in To and Cc, as "reply to all" does. It never goes to us or
    to a machine; of a mail that fails its domain's check it goes to the author alone. A mail whose Reply-To leads elsewhere, as a
    form's does, is answered there alone. ``known``: only they may be answered besides the author; None: everybody.
    """
    author = mail.author
    return tuple(_listed(mail, author, known)) if author is not None and mail.is_shared else ()


def _listed(mail: Letter, author: Mailbox, known: Collection[str] | None) -> Iterator[MessageReader]:
    never = {one.address for one in mail.unanswered}

    def may_be_answered(one: Mailbox) -> bool:
        return not mail.refuted and one.address not in never and (known is None or one.address in known)

    wished = {one.address for one in mail.reply_to}
    elsewhere = author.address not in wished and any(map(may_be_answered, mail.reply_to))
    yield MessageReader(author.address, author.name, NamedIn.FROM, not elsewhere)
    listed = {author.address}
    fields = ((NamedIn.REPLY_TO, mail.reply_to), (NamedIn.TO, mail.others), (NamedIn.CC, mail.others))
    in_cc = {one.address for one in mail.cc}
    for field, people in fields:
        for one in people:
            if one.address in listed or (field is NamedIn.TO and one.address in in_cc):
                continue
            listed.add(one.address)
            answered = may_be_answered(one) and (field is NamedIn.REPLY_TO or not elsewhere)
            yield MessageReader(one.address, one.name, field, answered)


def _is_old(raw: RawEvent, mail: Letter) -> bool:
    """Whether it came before the time from which on mail is answered: old mail that somebody moved into the folder."""
    since = raw.headers.get(ANSWERED_FROM)
    if since is None or raw.received_at is None:
        return False
    return came_at(mail, raw.received_at) < datetime.fromisoformat(since)


def _body_text(mail: Letter, *, joined: bool) -> str:
    """The newest words; above them the subject, where it is not known yet and says something of its own."""
    parts = [mail.text, mail.passed_on]
    subject = mail.subject.strip()
    known = joined or _ANSWER.match(subject) or subject.lower() in mail.text.lower()
    if subject and (not known or (is_forward(subject, "") and not joined)):
        parts.insert(0, subject)
    return "\n\n".join(part for part in parts if part.strip()) or subject


def _files(raw: RawEvent, mail: Letter) -> tuple[AttachmentRef, ...]:
    return tuple(
        AttachmentRef(file_id(raw, number, mail.message_id), file.name, file.media_type, file.size)
        for number, file in enumerate(mail.files)
    ) + tuple(
        AttachmentRef(
            file_id(raw, Section(one["section"], one["encoding"]), mail.message_id),
            one["name"],
            one["type"],
            one["size"],
        )
        for one in json.loads(raw.headers.get(LEFT_OUT) or "[]")
    )


@dataclass(frozen=True, slots=True)
class Section:
    """A part by its path in the mail, such as ``2.1``, and how it is encoded on its way."""

    path: str
    encoding: str

    def __str__(self) -> str:
        return f"{self.path}:{self.encoding}"


@dataclass(frozen=True, slots=True)
class FilePlace:
    """``part``: the number of the file in the mail, or a section of a mail that is not loaded as a whole."""

    folder: str
    validity: int
    uid: int
    part: int | Section
    message_id: str | None


def file_id(raw: RawEvent, part: int | Section, message_id: str | None) -> str:
    """Where a file is: enough to find it again, even after the folder was numbered anew."""
    parts = (raw.headers[FOLDER], raw.headers[VALIDITY], raw.headers[UID], str(part), message_id or "")
    return "/".join(quote(part, safe="") for part in parts)


def file_place(identifier: str) -> FilePlace:
    """What `file_id` wrote. Raises InvalidInput."""
    try:
        folder, validity, uid, part, message_id = (unquote(part) for part in identifier.split("/"))
        path, colon, encoding = part.partition(":")
        where = Section(path, encoding) if colon else int(part)
        return FilePlace(folder, int(validity), int(uid), where, message_id or None)
    except ValueError:
        raise InvalidInput("This is not the id of a file in an e-mail.") from None
