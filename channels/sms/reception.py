"""Twilio's webhooks: the common door, and what this channel has to remember before a message is accepted.

Keywords, the opt-outs that Twilio reports, and WhatsApp's window are durable before Twilio is thanked: if the memory cannot
keep them, the answer is 503 and the message is found later in Twilio's list. The reply to a keyword travels in the answer itself
(TwiML), so that it is given exactly when Twilio hears that we have done as asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from xml.sax.saxutils import escape

from channels.door import WebhookDoor
from channels.sms import keywords, parse
from channels.sms.address import Address
from channels.sms.consent import Consent, Request
from channels.sms.parse import Form
from channels.sms.reports import Reports
from channels.sms.sender import Sender
from channels.sms.signature import HEADER
from channels.sms.window import Window
from core.domain.errors import BadSignature, InvalidInput
from core.domain.messages import RawEvent
from core.ports.channel import Channel, WebhookReply, WebhookRequest
from core.ports.surroundings import Surroundings

XML = "text/xml; charset=utf-8"
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
THANKS = WebhookReply(body=f"{_HEAD}<Response/>".encode(), content_type=XML)


class Notes:
    """What a message means besides what is said in it. Every method raises StoreUnavailable."""

    def __init__(self, consent: Consent, window: Window, quiet: Callable[[Address, Address], bool]) -> None:
        self._consent = consent
        self._window = window
        self._quiet = quiet

    async def take(self, form: Form, at: datetime) -> str | None:
        """Remember it; the reply, if it is a keyword that has one. Raises InvalidInput."""
        ours, theirs = parse.ends(form)
        if self._quiet(ours, theirs):
            return None
        if theirs.whatsapp:
            await self._window.opened(theirs.value, at)
        keyword = parse.keyword(form)
        if keyword is not None:
            return await self._consent.heard(Request(parse.sid_of(form), theirs, keyword, at))
        if keywords.affirms(form.get("Body", "")):
            await self._consent.affirmed(theirs.value, at)
        return None


class Reception(WebhookDoor):
    """Keeps the door's guarantees: nothing is believed before the signature, and nothing thanked for before it is durable."""

    def __init__(
        self,
        channel: Channel,
        surroundings: Surroundings,
        notes: Notes,
        reports: Reports,
        sender: Callable[[], Sender | None],
    ) -> None:
        public_url = surroundings.public_url.rstrip("/") if surroundings.public_url else None
        super().__init__(channel, surroundings.metrics, surroundings.clock, public_url=public_url, proof=HEADER)
        self._of = channel
        self._at = surroundings.clock
        self._notes = notes
        self._reports = reports
        self._sender = sender

    async def take(self, request: WebhookRequest, thanks: WebhookReply) -> WebhookReply:
        """See WebhookDoor.take."""
        form = self._form(request) if self._sink is not None else None
        reply = None
        if form is not None and parse.is_report(form):
            if await self._reports.heard(form, self._sender()):
                return thanks  # the customer has a link instead, so that the message is no dead letter
        elif form is not None:
            reply = await self._message(form)
        answer = await super().take(request, thanks)
        if form is not None and parse.is_report(form):
            await self._reports.taken_over(form)
        return answer if reply is None else _saying(reply)

    def _form(self, request: WebhookRequest) -> Form | None:
        """None for what the common door refuses, or puts aside as not understood."""
        raw = RawEvent(self._of.name, self._of.account, request.body, request.headers, self._at.now())
        try:
            self._of.authenticate(request)
            self._of.parse(raw)
            return parse.read(raw)
        except (BadSignature, InvalidInput):
            return None

    async def _message(self, form: Form) -> str | None:
        return await self._notes.take(form, self._at.now())


def _saying(text: str) -> WebhookReply:
    body = f"{_HEAD}<Response><Message>{escape(text)}</Message></Response>"
    return WebhookReply(body=body.encode(), content_type=XML)
