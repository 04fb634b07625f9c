"""Takes a client's message in, the same way from a socket and from a POST."""

from __future__ import annotations

from channels.web.parse import ClientMessage
from channels.web.rates import Rates
from channels.web.refusals import BLOCKED, UnknownAttachment
from channels.web.settings import WebLimits
from channels.web.tokens import ACCOUNT, CHANNEL, Session
from core.domain.errors import Blocked, Overloaded
from core.domain.messages import RawEvent
from core.ports.channel import Accepted, InboundSink
from core.ports.clock import Clock
from core.ports.store import Records

_CLAIMS = ("user", "name", "email", "locale")


class Reception:
    """``receive`` returns after the commit. ``open`` between the channel's start and stop."""

    def __init__(self, records: Records, rates: Rates, limits: WebLimits, clock: Clock) -> None:
        self._records = records
        self._rates = rates
        self._limits = limits
        self._clock = clock
        self._sink: InboundSink | None = None

    def open(self, sink: InboundSink | None) -> None:
        """From now on messages go there; None: nowhere."""
        self._sink = sink

    async def receive(self, session: Session, message: ClientMessage, body: bytes) -> Accepted:
        """Raises TooManyRequests, UnknownAttachment, and what the sink raises. Nothing was stored then.

        Raises Blocked where it was stored for the record only.
        """
        if self._sink is None:
            raise Overloaded("The server is starting or stopping.")
        await self._rates.hit("messages", session.id, self._limits.messages_per_session)
        for attachment_id in message.attachments:
            await self._check_file(session, attachment_id)
        now = self._clock.now()
        raw = RawEvent(CHANNEL, ACCOUNT, body, envelope(session), now)
        (accepted,) = await self._sink.accept([message.event(session, now)], raw)
        if accepted.blocked:
            raise Blocked(BLOCKED)
        return accepted

    async def _check_file(self, session: Session, attachment_id: str) -> None:
        found = await self._records.attachment(attachment_id)
        if found is None or found[0] != session.conversation_id:
            raise UnknownAttachment(f"There is no file {attachment_id} in this conversation. Upload it first.")


def envelope(session: Session) -> dict[str, str]:
    """Who sent a raw event: what its token said, without the token."""
    claims = {"session": session.id, "expires": session.expires_at.isoformat()}
    for name in _CLAIMS:
        if (value := getattr(session, name)) is not None:
            claims[name] = value
    return claims
