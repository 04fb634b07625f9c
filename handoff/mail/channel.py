"""The mailbox of the staff as the place where cases are shown: a mail thread for each case.

A Channel like any other to the outbox, so that what staff are told is delivered in order, tried again, and found again after an
unknown outcome. What staff reply comes in through the e-mail channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import dropwhile, takewhile
from typing import Final

from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.case import DESK
from core.domain.errors import BadSignature, StoreUnavailable, Unreachable, Unsupported
from core.domain.keys import ConversationKey
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import AttachmentStream, InboundSink, WebhookReply, WebhookRequest
from core.ports.staff_mail import StaffMail, StaffMailer, case_of_thread
from handoff.mail.letters import following, is_mailed, opening
from handoff.posts import POST, WITH_CARD, Post
from handoff.records import DeskRecords

_FIRST: Final = 1_000
"""Posts of a feed that are looked at for those that the first mail tells."""
_POSTS: Final = Pace(messages=1_200, seconds=60.0)
_MAILS: Final = Pace(messages=30, seconds=60.0)
"""What mail servers take of one mailbox (Exchange Online: 30 a minute). Posts that become no mail do not count."""
CAPABILITIES: Final = Capabilities(
    text_limit=100_000, format=TextFormat.PLAIN, media=True, pace=_POSTS, send_seconds=60.0
)


class MailPeople:
    """Implements handoff's People: staff are named as their mails name them."""

    async def called(self, staff_id: str) -> str | None:
        return None

    async def gone(self, staff_id: str) -> bool:
        """See People.gone: no mail server tells that a mailbox was closed."""
        return False


class MailDeskChannel:
    """Implements Channel, SupportsOutcomeQuery, SupportsPaces and handoff's DeskChannel.

    ``account``: of the desk, not of the mailbox from which it writes.
    """

    name = DESK
    capabilities = CAPABILITIES

    def __init__(self, account: str, mailer: StaffMailer, records: DeskRecords, language: str, note_sign: str) -> None:
        self.account = account
        self.people = MailPeople()
        self._mailer = mailer
        self._records = records
        self._language = language
        self._note_sign = note_sign

    async def start(self, sink: InboundSink) -> None:
        """The e-mail channel is started by itself."""

    async def stop(self) -> None:
        """The e-mail channel is stopped by itself."""

    def authenticate(self, request: WebhookRequest) -> None:
        """Refuse every request. Raises BadSignature."""
        raise BadSignature("The desk takes no requests: staff reply by mail.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Return nothing: staff reply through the e-mail channel."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """One mail, or none for what staff need not read and for what the first mail of the case tells."""
        return [WirePayload(message.conversation, {"post": message})] if is_mailed(message) else []

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send. What becomes of the mail is reported to the mailbox that it was sent from."""
        mail = await self._mail(payload.body["post"])
        return self._reported(await self._mailer.write_to_staff(mail, idempotency_key=idempotency_key))

    async def pace_of(self, payload: WirePayload) -> tuple[str, Pace]:
        """See SupportsPaces."""
        return "mail", _MAILS

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery."""
        mail = await self._mail(payload.body["post"])
        receipt = await self._mailer.written_to_staff(mail, idempotency_key=idempotency_key)
        return None if receipt is None else self._reported(receipt)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Raises Unsupported: files of staff come through the e-mail channel."""
        raise Unsupported("The desk fetches no files: what staff send comes through the e-mail channel.")

    async def case_of(self, thread: ConversationKey) -> str | None:
        return case_of_thread(thread.thread)

    def _reported(self, receipt: Receipt) -> Receipt:
        return replace(receipt, reported_to=(self._mailer.name, self._mailer.account))

    async def _mail(self, message: OutboundMessage) -> StaffMail:
        """Raises Unreachable."""
        case_id = message.conversation.thread
        if message.meta.get(POST) != Post.CARD:
            return following(case_id, message, self._language, self._note_sign)
        try:
            read = await self._records.messages(message.conversation.conversation_id, limit=_FIRST)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        card, *below = dropwhile(lambda post: post.id != message.message_id, read)
        told = takewhile(lambda post: post.meta.get(WITH_CARD), below)
        return opening(case_id, [card, *told], self._language, self._note_sign)
