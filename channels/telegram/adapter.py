"""The Telegram channel: settings and surroundings in, a Channel out."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

from channels.bounded import Bounded
from channels.connection_status import ConnectionStatus
from channels.telegram import client, render
from channels.telegram.addressing import Bot
from channels.telegram.client import BotApi
from channels.telegram.connection import Connection
from channels.telegram.diagnosis import examine
from channels.telegram.incoming import GroupSink
from channels.telegram.parse import Reader
from channels.telegram.settings import CHANNEL, PATH, TelegramSettings
from channels.telegram.webhook import PROOF, TelegramEndpoint
from core.domain.attachments import AttachmentRef
from core.domain.capabilities import Capabilities, Pace, TextFormat
from core.domain.errors import BadSignature, ChannelError, OutcomeUnknown, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import Author, InboundEvent, OutboundMessage, RawEvent, Receipt, WirePayload
from core.ports.channel import AttachmentStream, Diagnosis, InboundSink, WebhookReply, WebhookRequest
from core.ports.surroundings import Surroundings

CAPABILITIES: Final = Capabilities(
    text_limit=render.TEXT_LIMIT,
    format=TextFormat.HTML,
    media=True,
    edit=True,
    delete=True,
    reactions=True,
    typing=True,
    buttons=True,
    album_window=0.8,
    pace=Pace(messages=30, seconds=1.0, per_conversation=1.0),
    send_seconds=75.0,
)
"""Pace: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this"""
_PATIENCE: Final = 5.0
_TYPING_SHOWS: Final = 4.0
"""Telegram shows it for five seconds."""
_TYPING_CHATS: Final = 1000


class TelegramChannel:
    """One bot. Updates come by polling or by webhook, as the settings say; everything else is the same."""

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(self, settings: TelegramSettings, surroundings: Surroundings) -> None:
        self.account = settings.account
        self._settings = settings
        self._surroundings = surroundings
        self._reader = Reader(Bot(int(self.account)), settings.button_life, settings.modes, settings.staff_rule)
        self._status = ConnectionStatus(CHANNEL)
        self._endpoint = TelegramEndpoint(self, surroundings)
        self._connection: Connection | None = None
        self._typing: Bounded[str, float] = Bounded(_TYPING_CHATS)

    async def start(self, sink: InboundSink) -> None:
        """See Channel.start. Comes back soon even if Telegram does not answer: then it is tried until it does."""
        self._connection = Connection(
            self._settings,
            self._surroundings,
            self._status,
            reader=self._reader,
            sink=GroupSink(sink),
            endpoint=self._endpoint,
        )
        await self._connection.open(_PATIENCE)

    async def stop(self) -> None:
        self._endpoint.open(None)
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def authenticate(self, request: WebhookRequest) -> None:
        """The secret that setWebhook was given, in constant time; during a rotation each of several is believed."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        given = headers.get(PROOF, "").encode("utf-8", "surrogateescape")
        known = [hmac.compare_digest(given, secret.encode()) for secret in self._settings.webhook_secrets]
        if not any(known):
            raise BadSignature("This request does not carry the bot's webhook secret.")

    def parse(self, raw: RawEvent) -> Sequence[InboundEvent] | WebhookReply:
        return self._reader.read(raw)

    def render(self, message: OutboundMessage) -> Sequence[WirePayload]:
        return render.payloads(message)

    async def send(self, payload: WirePayload, *, idempotency_key: str) -> Receipt:
        """See Channel.send. Telegram knows no idempotency key."""
        return await self._connected().outgoing.send(payload.body)

    async def outcome(self, payload: WirePayload, *, idempotency_key: str) -> Receipt | None:
        """See SupportsOutcomeQuery. Never a receipt: Telegram keeps no list that a bot may read.

        What is asked is whether Telegram works again, because a message in doubt is sent only once more: in the middle of an
        outage that one time would be wasted. Raises Unreachable until it does, then OutcomeUnknown.
        """
        await self._connected().outgoing.await_recovery(payload.body)
        raise OutcomeUnknown("Telegram cannot be asked what became of a message.")

    async def fetch(self, ref: AttachmentRef) -> AttachmentStream:
        return await self._connected().files.open(ref)

    async def typing(self, conversation: ConversationKey, author: Author) -> None:
        """See SupportsTyping; asked for as often as the caller likes."""
        connection, now = self._connection, self._surroundings.clock.monotonic()
        if connection is None or now - self._typing.get(conversation.thread, -_TYPING_SHOWS) < _TYPING_SHOWS:
            return
        self._typing[conversation.thread] = now
        place = render.place(conversation)
        place["chat_id"] = connection.chats.now_at(place["chat_id"])
        with contextlib.suppress(ChannelError):
            await connection.api.call("sendChatAction", {**place, "action": "typing"})

    def routes(self) -> Sequence[Any]:
        """See SupportsRoutes: nothing to serve while it polls."""
        return [self._endpoint.route(PATH)] if self._settings.mode == "webhook" else []

    @property
    def alarm(self) -> str | None:
        return "; ".join(filter(None, [self._endpoint.alarm, self._status.trouble])) or None

    async def diagnose(self) -> Sequence[Diagnosis]:
        now = self._surroundings.clock.now()
        transport = client.open_transport()
        try:
            api = BotApi(self._settings.origin, self._settings.bot_token, transport)
            return await examine(api, self._settings, self._surroundings.public_url, now)
        finally:
            await transport.close()

    def _connected(self) -> Connection:
        if self._connection is None:
            raise Unreachable("The channel is not started.")
        return self._connection
