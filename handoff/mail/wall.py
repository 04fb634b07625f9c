"""Staff's mailbox as the place where cases are shown: a mail thread for each case.

A Channel like any other to the outbox, so that what staff are told is delivered in order, tried again, and found again after an
unknown outcome. What staff reply comes in through the e-mail channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.case import DESK
from core.domain.errors import BadSignature, StoreUnavailable, Unreachable, Unsupported
from core.domain.keys import ConversationKey
from core.domain.messages import InboundEvent, Message, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import AttachmentStream, InboundSink, WebhookReply, WebhookRequest
from core.ports.staff_mail import StaffMail, StaffMailer, case_of_thread
from handoff.desk_parts import DeskRecords
from handoff.mail.letters import following, is_mailed, opening

_FIRST: Final = 100
"""Posts that are looked at for those of a case's first commit."""
_POSTS: Final = Pace(messages=1_200, seconds=60.0)
_MAILS: Final = Pace(messages=30, seconds=60.0)
"""What mail servers take of one mailbox (Exchange Online: 30 a minute). Posts that become no mail do not count."""
CAPABILITIES: Final = Capabilities(
    text_limit=100_000, format=TextFormat.PLAIN, media=True, pace=_POSTS, send_seconds=60.0
)


class MailPeople:
    """Implements handoff's People: staff are named as their mails name them."""

    async def called(self, staff_id: str) -> str | None:
        """See People.called."""
        return None

    async def gone(self, staff_id: str) -> bool:
        """See People.gone: nothing tells of a mailbox that is closed."""
        return False


class MailWall:
    """Implements Channel, SupportsOutcomeQuery, SupportsPaces and handoff's Wall. ``account``: of the desk, not of the mail."""

    name = DESK
    capabilities = CAPABILITIES

    def __init__(self, account: str, mailer: StaffMailer, records: DeskRecords, language: str) -> None:
        self.account = account
        self.people = MailPeople()
        self._mailer = mailer
        self._records = records
        self._language = language

    async def start(self, sink: InboundSink) -> None:
        """The e-mail channel is started by itself."""

    async def stop(self) -> None:
        """The e-mail channel is stopped by itself."""

    def authenticate(self, request: WebhookRequest) -> None:
        """Nothing comes in here. Raises BadSignature."""
        raise BadSignature("The desk takes no requests: staff reply by mail.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        """Nothing comes in here."""
        return []

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        """One mail, or none for what staff need not read."""
        return [WirePayload(message.conversation, {"post": message})] if is_mailed(message) else []

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send. What the first mail of the case has said is not said again."""
        mail = await self._mail(payload.body["post"])
        if mail is None:
            return Receipt()
        return await self._mailer.write_to_staff(mail, idempotency_key=idempotency_key)

    async def pace_of(self, payload: WirePayload) -> tuple[str, Pace]:
        """See SupportsPaces."""
        mail = await self._mail(payload.body["post"])
        return ("post", _POSTS) if mail is None else ("mail", _MAILS)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery."""
        mail = await self._mail(payload.body["post"])
        if mail is None:
            return Receipt()
        return await self._mailer.written_to_staff(mail, idempotency_key=idempotency_key)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        """Nothing comes in here. Raises Unsupported."""
        raise Unsupported("The desk fetches no files: what staff send comes through the e-mail channel.")

    async def case_of(self, thread: ConversationKey) -> str | None:
        """See Wall.case_of."""
        return case_of_thread(thread.thread)

    async def _mail(self, message: OutboundMessage) -> StaffMail | None:
        case_id = message.conversation.thread
        first = await self._first_commit(message.conversation)
        if message.message_id == (first[0].id if first else None):
            return opening(case_id, first, self._language)
        if any(one.id == message.message_id for one in first):
            return None
        return following(case_id, message, self._language)

    async def _first_commit(self, feed: ConversationKey) -> Sequence[Message]:
        """The card and the posts that were committed with it; empty where the case has no card. Raises Unreachable."""
        try:
            posts = await self._records.messages(feed.conversation_id, limit=_FIRST)
        except StoreUnavailable as error:
            raise Unreachable(error.detail) from error
        if not posts or "facts" not in posts[0].meta:
            return []
        return [one for one in posts if one.created_at == posts[0].created_at]
