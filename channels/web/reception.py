"""Takes a client's message in, the same way from a socket and from a POST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from channels.web.access import Caller
from channels.web.admission import Admission
from channels.web.parse import ClientMessage
from channels.web.refusals import BLOCKED, UnknownAttachment
from channels.web.tokens import ACCOUNT, CHANNEL, Session
from core.domain.budget import ORIGIN
from core.domain.errors import Blocked, Overloaded
from core.domain.messages import RawEvent
from core.ports.channel import Accepted, InboundSink
from core.ports.clock import Clock
from core.ports.store import Records

_CLAIMS = ("user", "name", "email", "locale")


class Reception:
    """``admit`` comes first; ``receive`` returns after the commit. ``open`` between the channel's start and stop.

    ``sent`` is told which uploaded files a stored message refers to.
    """

    def __init__(
        self, records: Records, admission: Admission, clock: Clock, sent: Callable[[Sequence[str]], None]
    ) -> None:
        self._records = records
        self._admission = admission
        self._clock = clock
        self._sent = sent
        self._sink: InboundSink | None = None

    def open(self, sink: InboundSink | None) -> None:
        """From now on messages go there; None: nowhere."""
        self._sink = sink

    async def admit(self, session: Session, caller: Caller) -> None:
        """Count one message, before anything is read of it. Raises TooManyRequests, Overloaded."""
        if self._sink is None:
            raise Overloaded("The server is starting or stopping.")
        await self._admission.admit("messages", caller, session.id)

    async def receive(self, session: Session, caller: Caller, message: ClientMessage, body: bytes) -> Accepted:
        """Store an admitted message. Raises UnknownAttachment, Overloaded, and what the sink raises. Nothing was stored then.

        Raises Blocked where it was stored for the record only.
        """
        if self._sink is None:
            raise Overloaded("The server is starting or stopping.")
        for attachment_id in message.attachments:
            await self._check_file(session, attachment_id)
        now = self._clock.now()
        raw = RawEvent(CHANNEL, ACCOUNT, body, envelope(session, caller.origin), now)
        (accepted,) = await self._sink.accept([message.event(session, now, caller.origin)], raw)
        self._sent(message.attachments)
        if accepted.blocked:
            raise Blocked(BLOCKED)
        return accepted

    async def _check_file(self, session: Session, attachment_id: str) -> None:
        found = await self._records.attachment(attachment_id)
        if found is None or found[0] != session.conversation_id:
            raise UnknownAttachment(f"There is no file {attachment_id} in this conversation. Upload it first.")


def session_of(envelope: Mapping[str, str]) -> Session:
    """The session that `envelope` wrote into a raw event's headers."""
    claims = {name: envelope[name] for name in _CLAIMS if name in envelope}
    return Session(envelope["session"], datetime.fromisoformat(envelope["expires"]), **claims)


def envelope(session: Session, origin: str | None = None) -> dict[str, str]:
    """Who sent a raw event: what its token said, without the token. ``origin``: see Caller."""
    claims = {"session": session.id, "expires": session.expires_at.isoformat()}
    if origin is not None:
        claims[ORIGIN] = origin
    for name in _CLAIMS:
        if (value := getattr(session, name)) is not None:
            claims[name] = value
    return claims
