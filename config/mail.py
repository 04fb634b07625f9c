"""Mails that the hub sends of itself, through the channel that customers' mails come in by."""

from __future__ import annotations

from collections.abc import Callable

from channels.web.transcripts import SendMail
from core.domain.customer import ContactDetails
from core.domain.errors import Rejected
from core.domain.keys import ConversationKey
from core.domain.messages import Author, MessageKind, OutboundMessage
from core.ports.channel import Channel
from core.ports.follow_ups import SupportsFollowUp
from core.storage.ids import new_id


def mail_through(channel: Callable[[], Channel | None]) -> SendMail:
    """Sends by the channel's own way, with its limits of automatic mails; in a thread apart from the conversation's."""

    async def send(
        address: str, home: ConversationKey, subject: str, text: str, locale: str | None, idempotency_key: str
    ) -> None:
        mail = channel()
        way: object = mail
        apart = ConversationKey(home.channel, home.account, f"{home.thread}/transcript")
        route = way.route_to(ContactDetails(email=address), apart) if isinstance(way, SupportsFollowUp) else None
        if mail is None or route is None:
            raise Rejected("Nothing is sent to this address.")
        message = OutboundMessage(
            new_id(), route.key, Author.SYSTEM, text, MessageKind.NOTICE,
            locale=locale, meta={"subject": subject}, address=route.address,
        )  # fmt: skip
        for payload in mail.render(message):
            await mail.send(payload, idempotency_key=f"{idempotency_key}.{payload.part}")

    return send
