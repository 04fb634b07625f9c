"""Takes webhooks of all providers: authenticate, parse, commit, then acknowledge.

The answer tells the provider whether to come again: 2xx after the commit, 401 for a request that proves nothing, 503 when
nothing was stored. What cannot be understood is kept with its raw body and answered with 2xx: it would be no clearer the
second time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import timedelta

import structlog
from aiohttp import web

from channels.accepting import accept_each, read_or_quarantine
from channels.bounded_body import BoundedBody
from core.domain.errors import BadSignature, Overloaded, SessionEnded, UnknownMessage
from core.domain.messages import InboundEvent, RawEvent
from core.ports.channel import Channel, InboundSink, WebhookReply, WebhookRequest
from core.ports.metrics import Counter
from core.ports.surroundings import Surroundings

_MAX_BODY = 1024 * 1024
_KEPT_HEADERS = ("content-type", "x-slack-retry-num", "x-slack-retry-reason", "i-twilio-idempotency-token")
_BURST = 10
_BURST_SECONDS = 60.0
_ON_ITS_WAY = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class WebhookEndpoint:
    """One channel's webhook. ``open`` between the channel's start and stop.

    ``proof`` is the header without which no request is the provider's; then its body is not read.
    """

    def __init__(
        self,
        channel: Channel,
        around: Surroundings,
        *,
        proof: str,
    ) -> None:
        self._channel = channel
        self._metrics = around.metrics
        self._clock = around.clock
        self._public_url = around.public_url.rstrip("/") if around.public_url else None
        self._proof = proof
        self._body = BoundedBody(_MAX_BODY)
        self._sink: InboundSink | None = None
        self._refused: deque[float] = deque(maxlen=_BURST)
        self._alarmed_at: float | None = None

    def open(self, sink: InboundSink | None) -> None:
        """From now on events go there; None: nowhere, and providers are asked to come again."""
        self._sink = sink

    @property
    def alarm(self) -> str | None:
        """What an operator should know: within the last minute many requests came that were not the provider's."""
        if self._alarmed_at is None or self._clock.monotonic() - self._alarmed_at > _BURST_SECONDS:
            return None
        return "many requests with a wrong signature"

    def route(self, path: str, *, thanks: WebhookReply | None = None) -> web.RouteDef:
        """``POST path``. ``thanks``: what the provider wants to hear after the commit."""
        answer = thanks or WebhookReply()

        async def handle(request: web.Request) -> web.StreamResponse:
            signed = await self.read(request)
            if self._sink is None:
                raise Overloaded("The server is starting or stopping.")
            return response(await self._handle(self._sink, self.authenticate(signed), answer))

        return web.post(path, handle)

    def authenticate(self, request: WebhookRequest) -> RawEvent:
        """The event as the provider sent it. Raises BadSignature."""
        try:
            self._channel.authenticate(request)
        except BadSignature:
            self._refuse(request.remote)
            raise
        headers = {name: value for name, value in request.headers.items() if name.lower() in _KEPT_HEADERS}
        return RawEvent(self._channel.name, self._channel.account, request.body, headers, self._clock.now())

    async def _handle(self, sink: InboundSink, raw: RawEvent, thanks: WebhookReply) -> WebhookReply:
        """Parse and store what was authenticated. Raises StoreUnavailable, Overloaded."""
        parsed = await read_or_quarantine(sink, raw, lambda: self._channel.parse(raw))
        if parsed is None:
            return thanks
        if isinstance(parsed, WebhookReply):
            return parsed
        await self.accept(sink, parsed, raw)
        return thanks

    async def accept(self, sink: InboundSink, events: Sequence[InboundEvent], raw: RawEvent) -> None:
        """Each for its own reason. What is wrong with one is kept before the provider is asked to come again for another."""
        refused = await accept_each(sink, events, raw)
        bad = [error.detail for _, error in refused if not isinstance(error, UnknownMessage | SessionEnded)]
        if bad:
            await sink.quarantine(raw, "; ".join(bad))
        early: str | None = None
        for event, error in refused:
            if isinstance(error, SessionEnded):
                _log.info("webhook.session_ended", channel=self._channel.name, detail=error.detail)
            elif isinstance(error, UnknownMessage):
                # The message may be on its way still: then the provider comes again with this, and finds it.
                if self._clock.now() - event.sent_at < _ON_ITS_WAY:
                    early = error.detail
                else:
                    _log.info("webhook.about_nothing_known", channel=self._channel.name, detail=error.detail)
        if early is not None:
            raise Overloaded(early, retry_after=2.0)

    def _refuse(self, remote: str | None) -> None:
        name, now = self._channel.name, self._clock.monotonic()
        self._metrics.count(Counter.BAD_SIGNATURES, channel=name)
        self._refused.append(now)
        if len(self._refused) == _BURST and now - self._refused[0] < _BURST_SECONDS:
            if self.alarm is None:
                _log.error("webhook.wrong_signatures", channel=name, remote=remote, within=_BURST_SECONDS)
            self._alarmed_at = now

    async def read(self, request: web.Request) -> WebhookRequest:
        """What is to be proved. Raises HTTPRequestEntityTooLarge, Overloaded, and BadSignature where nothing can be."""
        self._body.check_length(request)
        if not request.headers.get(self._proof):
            self._refuse(request.remote)
            raise BadSignature("The request is not signed.")
        body = await self._body.read(request)
        # Providers sign the address that was configured with them, which behind a proxy is not the one that arrives.
        url = self._public_url + request.path_qs if self._public_url else str(request.url)
        return WebhookRequest(request.method, url, dict(request.headers), body, request.remote)


def response(reply: WebhookReply) -> web.Response:
    """A reply as it is sent."""
    headers = {**reply.headers, "Content-Type": reply.content_type}
    return web.Response(status=reply.status, body=reply.body, headers=headers)
