"""The SMS channel: text messages and WhatsApp through one Twilio account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from aiohttp import web

from channels.sms import parse, render, signature
from channels.sms.address import Address, Kind, Pair
from channels.sms.client import Client, open_transport
from channels.sms.consent import Consent, Window
from channels.sms.diagnosis import WEBHOOK_PATH, Doctor
from channels.sms.files import Incoming
from channels.sms.missed import Missed
from channels.sms.reception import THANKS, Notes, Reception
from channels.sms.reports import Reports
from channels.sms.sender import STATUS_PATH, Sender
from channels.sms.settings import SmsSettings
from channels.transport import Transport
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import AnswersBy, Capabilities, Pace, TextFormat
from core.domain.contact_route import ContactRoute
from core.domain.customer import ContactDetails
from core.domain.errors import AuthFailed, ChannelError, HubError, Rejected, StoreUnavailable, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.end_tasks import end_tasks
from core.ports.channel import AttachmentStream, Diagnosis, InboundSink, WebhookReply, WebhookRequest
from core.ports.surroundings import Surroundings

_PER_CONVERSATION = 1.0
"""Seconds between two messages to one telephone: carriers keep no order between messages of the same moment."""
_LEASE = 120.0
_RETRY = 30.0

_log = structlog.get_logger(__name__)


class SmsChannel:
    """``transport`` makes the one that everything goes through."""

    name = parse.CHANNEL

    def __init__(
        self,
        settings: SmsSettings,
        surroundings: Surroundings,
        *,
        transport: Callable[[], Transport] = open_transport,
    ) -> None:
        self.account = settings.account_sid
        self.capabilities = capabilities(settings)
        self._settings = settings
        self._around = surroundings
        self._open = transport
        self._consent = Consent(
            surroundings.memory, self.account, surroundings.company, twilio_keywords=settings.twilio_keywords
        )
        self._own = frozenset(settings.own_numbers)

        def own() -> frozenset[str]:
            return self._own

        notes = Notes(self._consent, Window(surroundings.memory, self.account), own)
        reports = Reports(settings, surroundings, self._consent)
        self._door = Reception(self, surroundings, notes, reports, lambda: self._sender, own)
        self._missed = Missed(settings, surroundings, notes, self._consent, reports, own)
        self._transport: Transport | None = None
        self._client: Client | None = None
        self._sender: Sender | None = None
        self._files: Incoming | None = None
        self._watching: asyncio.Task[None] | None = None
        self._trouble: str | None = None

    async def start(self, sink: InboundSink) -> None:
        """Begin to take webhooks, and look for what was missed."""
        transport = self._transport = self._open()
        self._client = Client(transport, self._settings)
        self._sender = Sender(self._client, self._settings, self._around, self._consent)
        self._files = Incoming(transport.session, self._settings, self._around.max_attachment_bytes)
        self._door.open(sink)
        if self._settings.catch_up_every > 0:
            self._watching = asyncio.create_task(self._watch(sink))

    async def stop(self) -> None:
        """Take nothing more."""
        self._door.open(None)
        watching, self._watching = self._watching, None
        await end_tasks(watching)
        transport, self._transport = self._transport, None
        self._client = self._sender = self._files = None
        if transport is not None:
            await transport.close()

    def routes(self) -> Sequence[web.RouteDef]:
        return [self._door.route(WEBHOOK_PATH, thanks=THANKS), self._door.route(STATUS_PATH, thanks=THANKS)]

    def route_to(self, contact: ContactDetails, home: ConversationKey) -> ContactRoute | None:
        """See SupportsFollowUp: from our number, or from the service, which takes one of its own; never to ourselves."""
        ours = self._settings.number or self._settings.service
        theirs = Address.read(contact.phone or "")
        if ours is None or theirs.kind is not Kind.NUMBER or theirs.whatsapp or theirs.value in self._own:
            return None
        key = ConversationKey(parse.CHANNEL, self.account, str(Pair(ours, theirs.value)))
        return ContactRoute(key, theirs.value, contact.phone or "")

    @property
    def alarm(self) -> str | None:
        return self._door.alarm or self._trouble

    def authenticate(self, request: WebhookRequest) -> None:
        signature.verify(request, self._settings.auth_tokens)

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        return parse.events(raw, self._own)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        if self._sender is None:
            raise Unreachable("The channel is not started.")
        return await self._sender.send(payload, idempotency_key)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        if self._sender is None:
            raise Unreachable("The channel is not started.")
        return await self._sender.outcome(payload, idempotency_key)

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        if self._files is None or self._client is None:
            raise Unreachable("The channel is not started.")
        return await self._files.open(ref, self._client.authorizations)

    async def catch_up(self, sink: InboundSink) -> int:
        if self._client is None or self._sender is None:
            raise Unreachable("The channel is not started.")
        return await self._missed.catch_up(sink, self._client, self._sender)

    async def diagnose(self) -> Sequence[Diagnosis]:
        transport = self._open()
        try:
            client = Client(transport, self._settings)
            return await Doctor(client, self._settings, self._around.public_url).diagnose()
        finally:
            await transport.close()

    async def _watch(self, sink: InboundSink) -> None:
        """Webhooks that failed while the hub ran are found as well."""
        first = True
        while True:
            pause = min(self._settings.catch_up_every, _RETRY)
            try:
                await self._learn_own_numbers()
                if await self._look(sink, at_once=first):
                    pause, first = self._settings.catch_up_every, False
                self._trouble = None
            except AuthFailed as error:
                self._trouble = "Twilio does not accept the credentials"
                _log.error("sms.credentials", error=error.detail)
            except ChannelError as error:
                self._trouble = "Twilio is not reached: messages that came during an outage are not fetched"
                _log.warning("sms.catch_up", error=error.detail)
            except HubError as error:
                _log.warning("sms.catch_up", error=error.detail)
            except Exception:
                _log.exception("sms.catch_up_failed")
            await self._around.clock.sleep(pause)

    async def _look(self, sink: InboundSink, *, at_once: bool) -> bool:
        """Of several processes one looks at a time. False: another one is at it."""
        leases, process = self._around.leases, self._around.process
        lease = f"{self.name}:{self.account}:catch-up"
        if not await leases.hold(lease, process, _LEASE):
            return False
        keeping = asyncio.create_task(self._keep(lease))
        try:
            if at_once or await self._missed.is_due(self._settings.catch_up_every):
                await self.catch_up(sink)
        finally:
            await end_tasks(keeping)  # it would take the lease again
            await leases.let_go(lease, process)
        return True

    async def _keep(self, lease: str) -> None:
        """A long list takes longer than a lease. On real time, as the database's leases are."""
        while True:
            await asyncio.sleep(_LEASE / 3)
            with suppress(StoreUnavailable):
                await self._around.leases.hold(lease, self._around.process, _LEASE)

    async def _learn_own_numbers(self) -> None:
        """Two of our numbers must not talk to each other; a pool's are known to Twilio only."""
        if self._client is not None:
            with suppress(Rejected):  # a restricted key may not list them
                found = {number.phone_number or "" async for number in self._client.numbers()}
                self._own = frozenset(self._own | found - {""})


def capabilities(settings: SmsSettings) -> Capabilities:
    """``text_limit`` in 16-bit units: what Twilio takes, less the room for the number of a part and for sources."""
    rate = settings.messages_per_second
    messages, seconds = (int(rate), 1.0) if rate >= 1 else (1, 1 / rate)
    return Capabilities(
        text_limit=render.TEXT_LIMIT,
        format=TextFormat.PLAIN,
        media=True,
        pace=Pace(messages, seconds, per_conversation=_PER_CONVERSATION),
        follow_up=AnswersBy.SENDER,
        costly=True,
    )
