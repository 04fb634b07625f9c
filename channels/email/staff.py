"""Staff who answer by mail: the mail about a case that they get, and what their replies mean. Pure.

A reply counts as staff's only if it answers a mail of the case, whose ids are signed and unguessable, if its sender is staff
(`may_be_staff`), and if our mail server confirms that sender. Where EMAIL_AUTHSERV_ID is not set,
our server confirms nobody, and the first two checks must be enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from channels.email.address import Mailbox
from channels.email.html import paragraphs
from channels.email.letter import Letter
from channels.email.providers import is_everybodys
from channels.email.render import described
from channels.email.settings import CHANNEL
from channels.email.staff_commands import UnclearCommand, read_commands
from channels.email.tokens import Tokens
from channels.staff_rule import StaffRule
from core.domain.attachments import AttachmentRef
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, InboundEvent, MessageReceived, StaffAction, WirePayload
from core.ports.staff_mail import NO_COMMAND, NOT_STAFF, NOTHING_NEW, UNPROVEN, StaffMail, reply_thread


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
        "attachments": [described(file) for file in mail.attachments],
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
