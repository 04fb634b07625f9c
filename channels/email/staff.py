"""Staff who answer by mail: the mail about a case that they get, and what their replies mean. Pure.

A reply counts as staff's only if it answers a mail of the case, whose ids are signed and unguessable, if its sender is staff
(`may_be_staff`), and if our mail server confirms that sender. Where EMAIL_AUTHSERV_ID is not set,
our server confirms nobody, and the first two checks must be enough.

A command counts only alone in the first line, and a note only where its sign begins the reply. A line that looks like one of
them but stands elsewhere, is misspelt, or has words behind the command may be for staff only, so the reply is not passed on.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Final

from channels.email.address import Mailbox
from channels.email.html import paragraphs
from channels.email.letter import Letter
from channels.email.providers import is_everybodys
from channels.email.settings import CHANNEL
from channels.email.tokens import Tokens
from channels.staff_rule import StaffRule
from core.domain.attachments import AttachmentRef
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, InboundEvent, MessageReceived, StaffAction, WirePayload
from core.ports.staff_mail import NO_COMMAND, NOT_STAFF, NOTHING_NEW, UNPROVEN, StaffMail, reply_thread

COMMANDS: Final = {
    "take": StaffAction.TAKE_OVER,
    "bot": StaffAction.HAND_BACK,
    "resolve": StaffAction.RESOLVE,
}
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Zs"})
_MARKS: Final = " *_`'\"“”„«»•·>-–—|[]()"
"""What mail programs put around a line: list marks, quotes and what bold text becomes in plain text."""
_COMMAND: Final = re.compile(r"[/\\]\s?([^\W\d_]+)(?=[\s.!,;:]|$)[.!,;:\s]*(.*)", re.DOTALL)
_LONGEST: Final = 200
_SIMILAR: Final = 0.7


def may_be_staff(author: Mailbox | None, staff: str | None, rule: StaffRule) -> bool:
    """Whether the rule says so, or the address is STAFF_EMAIL or in its domain; of a provider that gives addresses to
    everybody, only the address.
    """
    if author is None:
        return False
    if (overridden := rule.overridden(author.address)) is not None:
        return overridden
    if staff is None or rule.has_domain(author.address):
        return rule.has_domain(author.address)
    domain = staff.rpartition("@")[2]
    return author.address == staff or (author.domain == domain and not is_everybodys(domain))


def payload(mail: StaffMail, staff: str, tokens: Tokens, account: str) -> WirePayload:
    """The mail as `Sending` takes it. Its thread id is signed, so that nobody can guess it."""
    body: dict[str, Any] = {
        "plain": mail.text,
        "html": paragraphs(mail.text),
        "automatic": False,
        "generated": True,
        "locale": mail.locale,
        "to": staff,
        "subject": mail.subject,
        "case": mail.case_id,
        "attachments": [file.stored() for file in mail.attachments],
    }
    return WirePayload(ConversationKey(CHANNEL, account, tokens.new_thread(f"case {mail.case_id}")), body)


@dataclass(frozen=True, slots=True)
class Reply:
    """``by_staff``: whether its author may answer for the company. ``proves_senders``: whether our mail server says of senders
    who they are. ``note_sign``: what a note for staff begins with.
    """

    mail: Letter
    case_id: str
    account: str
    sent_at: datetime
    files: tuple[AttachmentRef, ...]
    by_staff: bool
    proves_senders: bool
    note_sign: str

    def events(self) -> Sequence[InboundEvent]:
        """What is taken, what is written, and what ends it, in this order: each counts once however often the mail comes."""
        if not self.by_staff:
            return [self._event("", text=self.mail.own, caution=NOT_STAFF)]
        if not (self.mail.proven if self.proves_senders else not self.mail.refuted):
            return [self._event("", caution=UNPROVEN)]
        try:
            action, text = read_commands(self.mail.own, self.note_sign)
        except UnclearCommand:
            return [self._event("", caution=NO_COMMAND)]
        found = [self._event("/take", StaffAction.TAKE_OVER)] if action is StaffAction.TAKE_OVER else []
        if text or self.files:
            found.append(self._event("", StaffAction.REPLY, text, self.files))
        if action in (StaffAction.HAND_BACK, StaffAction.RESOLVE):
            found.append(self._event("/end", action))
        return found or [self._event("", caution=NOTHING_NEW)]

    def _event(
        self,
        part: str,
        action: StaffAction | None = None,
        text: str = "",
        files: tuple[AttachmentRef, ...] = (),
        caution: str | None = None,
    ) -> MessageReceived:
        author = self.mail.author
        assert author is not None
        return MessageReceived(
            key=EventKey(CHANNEL, self.account, f"{self.mail.event_id}{part}"),
            conversation=ConversationKey(CHANNEL, self.account, reply_thread(self.case_id)),
            sender=Identity(CHANNEL, self.account, author.address, author.name, verified=self.mail.proven),
            text=text,
            sent_at=self.sent_at,
            attachments=files,
            action=action,
            audience=Audience.STAFF,
            caution=caution,
        )


class UnclearCommand(ValueError):
    """A line that may be a command and cannot be carried out as one."""


def read_commands(text: str, note_sign: str) -> tuple[StaffAction | None, str]:
    """The command in the first line, and the words below it: for the customer, or a note. Raises UnclearCommand."""
    first, _, rest = _trimmed(text).partition("\n")
    action = COMMANDS.get(_visible(first).removeprefix("/").lower()) if _visible(first).startswith("/") else None
    words = _trimmed(rest if action is not None else text)
    is_note = words.startswith(note_sign)
    lines = [_visible(line) for line in words.split("\n")]
    if any(_looks_like_command(line) or (_looks_like_note(line, note_sign) and not is_note) for line in lines):
        raise UnclearCommand
    return action, words


def _looks_like_note(line: str, note_sign: str) -> bool:
    sign = _visible(note_sign)
    return line.startswith(sign) or line.strip(_MARKS).startswith(sign)


def _looks_like_command(line: str) -> bool:
    found = _COMMAND.fullmatch(line.strip(_MARKS))
    if found is None:
        return False
    word, behind = found[1].lower(), found[2]
    return not behind or bool(get_close_matches(word, COMMANDS, n=1, cutoff=_SIMILAR))


def _trimmed(text: str) -> str:
    """Without empty lines, spaces and invisible characters around it."""
    first, last = 0, len(text)
    while first < last and unicodedata.category(text[first]) in _INVISIBLE:
        first += 1
    while last > first and unicodedata.category(text[last - 1]) in _INVISIBLE:
        last -= 1
    return text[first:last]


def _visible(line: str) -> str:
    """The beginning of a line as a reader sees it: wide forms as plain letters, invisible characters left out."""
    plain = unicodedata.normalize("NFKC", line[:_LONGEST])
    return "".join(" " if one.isspace() else one for one in plain if not _is_hidden(one)).strip()


def _is_hidden(one: str) -> bool:
    return not one.isspace() and unicodedata.category(one) in _INVISIBLE
