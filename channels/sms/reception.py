"""Takes Twilio's webhooks, and notes what this channel has to remember before a message is accepted.

Keywords, the opt-outs that Twilio reports, and WhatsApp's window are durable before Twilio is thanked: if the memory cannot
keep them, the answer is 503 and the message is found later in Twilio's list. The reply to a keyword travels in the answer itself
(TwiML), so that it is given exactly when Twilio hears that we have done as asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from twilio.twiml.messaging_response import MessagingResponse

from channels.accepting import read_or_quarantine
from channels.sms import keywords, parse
from channels.sms.consent import Consent, Window
from channels.sms.parse import Form
from channels.sms.reports import Reports
from channels.sms.sender import Sender
from channels.sms.signature import HEADER
from channels.webhook_endpoint import WebhookEndpoint
from core.domain.messages import RawEvent
from core.ports.channel import Channel, InboundSink, WebhookReply
from core.ports.surroundings import Surroundings

XML = "text/xml; charset=utf-8"
THANKS = WebhookReply(body=str(MessagingResponse()).encode(), content_type=XML)


class Notes:
    """What a message means besides what is said in it. Every method raises StoreUnavailable."""

    def __init__(self, consent: Consent, window: Window, own: Callable[[], Collection[str]]) -> None:
        self._consent = consent
        self._window = window
        self._own = own

    async def take(self, form: Form, at: datetime) -> str | None:
        """Remember it; the reply, if it is a keyword that has one. Raises InvalidInput."""
        ours, theirs = parse.ends(form)
        if parse.is_quiet(ours, theirs, self._own()):
            return None
        if theirs.whatsapp:
            await self._window.opened(theirs.value, at)
        keyword = parse.keyword(form)
        if keyword is not None:
            return await self._consent.heard(parse.sid_of(form), theirs, keyword, at)
        if keywords.affirms(form.get("Body", "")):
            await self._consent.affirmed(theirs.value, at)
        return None


class Reception(WebhookEndpoint):
    """Notes and events are durable before Twilio is answered."""

    def __init__(
        self,
        channel: Channel,
        surroundings: Surroundings,
        notes: Notes,
        reports: Reports,
        sender: Callable[[], Sender | None],
        own: Callable[[], Collection[str]],
    ) -> None:
        super().__init__(channel, surroundings, proof=HEADER)
        self._notes = notes
        self._reports = reports
        self._sender = sender
        self._own = own

    async def _handle(self, sink: InboundSink, raw: RawEvent, thanks: WebhookReply) -> WebhookReply:
        form = await read_or_quarantine(sink, raw, lambda: parse.read(raw))
        if form is None:
            return thanks
        events = await read_or_quarantine(sink, raw, lambda: parse.parse_form(form, raw, self._own()))
        if events is None:
            return thanks
        if parse.is_report(form):
            if await self._reports.heard(form, self._sender()):
                return thanks  # the customer has a link instead, so that the message is no dead letter
            await self.accept(sink, events, raw)
            await self._reports.taken_over(form)
            return thanks
        reply = await self._notes.take(form, self._clock.now())
        await self.accept(sink, events, raw)
        return thanks if reply is None else _saying(reply)


def _saying(text: str) -> WebhookReply:
    answer = MessagingResponse()
    answer.message(text)
    return WebhookReply(body=str(answer).encode(), content_type=XML)
