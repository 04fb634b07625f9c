"""The webhook: where Telegram sends to, and the endpoint that takes its updates.

Telegram repeats an update that was not answered with 2xx, and sends the updates of one chat one after the other.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import structlog
from telegram import WebhookInfo

from channels.accepting import read_or_quarantine
from channels.connection_status import ConnectionStatus
from channels.telegram.client import BotApi
from channels.telegram.incoming import Incoming
from channels.telegram.parse import decode
from channels.telegram.settings import CHANNEL, PATH, WANTED, TelegramSettings
from channels.webhook_endpoint import WebhookEndpoint
from core.domain.errors import AuthFailed, ChannelError, StoreUnavailable
from core.domain.messages import RawEvent
from core.ports.channel import Channel, InboundSink, WebhookReply
from core.ports.channel_memory import ChannelMemory
from core.ports.surroundings import Surroundings

_SET: Final = "webhook"
_CHECK_EVERY: Final = 300.0
_RECENT: Final = timedelta(minutes=10)
_CONNECTIONS: Final = 40

_log = structlog.get_logger(__name__)

PROOF: Final = "x-telegram-bot-api-secret-token"
"""The header that repeats secret_token (core.telegram.org/bots/api#setwebhook)."""


class TelegramEndpoint(WebhookEndpoint):
    """``incoming`` is set before it is opened."""

    incoming: Incoming

    def __init__(self, channel: Channel, surroundings: Surroundings) -> None:
        super().__init__(channel, surroundings, proof=PROOF)

    async def _handle(self, sink: InboundSink, raw: RawEvent, thanks: WebhookReply) -> WebhookReply:
        update = await read_or_quarantine(sink, raw, lambda: decode(raw.body))
        if update is None:
            return thanks
        return await self.incoming.take(update, raw, self.accept) or thanks


class WebhookRegistration:
    """Sets the webhook at Telegram. Remembers what it set, so that polling later deletes that one and no other program's."""

    def __init__(
        self, api: BotApi, settings: TelegramSettings, surroundings: Surroundings, status: ConnectionStatus
    ) -> None:
        self._api = api
        self._settings = settings
        self._account = settings.account
        self._memory: ChannelMemory = surroundings.memory
        self._clock = surroundings.clock
        self._status = status
        self._url = wanted_url(surroundings.public_url)

    async def look_after(self) -> None:
        """Until it is cancelled: another program may set the webhook elsewhere, and Telegram may fail to reach it."""
        while True:
            await self._clock.sleep(_CHECK_EVERY)
            await self.check()

    async def check(self) -> None:
        """Set it if it is not as it should be, and hear what Telegram has to say. Says in `ConnectionStatus` what went wrong.

        Every process does this for itself: setting the same twice changes nothing.
        """
        try:
            info = await self._info()
            if self._url is None:
                self._look_on(info)
            else:
                await self._settle(info)
        except AuthFailed:
            self._status.report("the bot's token does not work (any more)")
        except ChannelError as error:
            self._status.report("the webhook could not be checked", error=error.detail)
        except StoreUnavailable as error:
            _log.warning("telegram.webhook_unchecked", detail=error.detail)

    async def unset_own(self) -> None:
        """For polling: end the webhook that this hub has set before. Raises ChannelError, StoreUnavailable."""
        url = (await self._info()).url
        known = (await self._memory.recall(CHANNEL, self._account, _SET) or "").partition("#")[0]
        if url and url in (known, self._url):
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
            await self._memory.forget(CHANNEL, self._account, _SET)
            _log.info("telegram.webhook_deleted")
        elif url:
            self._status.report("another program's webhook gets this bot's messages", host=urlsplit(url).hostname)

    async def _info(self) -> WebhookInfo:
        info: WebhookInfo = await self._api.call("getWebhookInfo")
        return info

    async def _settle(self, info: WebhookInfo) -> None:
        url = info.url
        mark = f"{self._url}#{_fingerprint(self._settings.webhook_secrets[0])}"
        known = await self._memory.recall(CHANNEL, self._account, _SET)
        if url != self._url or known != mark or set(info.allowed_updates) != set(WANTED):
            if url and url != self._url:
                _log.warning("telegram.webhook_was_elsewhere", host=urlsplit(url).hostname)
            await self._set()
            await self._memory.remember(CHANNEL, self._account, _SET, mark)
            self._status.clear()
        elif failed_lately(info, self._clock.now()):
            said, waiting = info.last_error_message, info.pending_update_count
            self._status.report("Telegram could not deliver to the webhook", said=said, waiting=waiting)
        else:
            self._status.clear()

    def _look_on(self, info: WebhookInfo) -> None:
        """Without an address of our own somebody else has to set it, at a proxy perhaps."""
        if info.url:
            self._status.clear()
        else:
            self._status.report("no webhook is set, and without PUBLIC_URL the hub cannot set it")

    async def _set(self) -> None:
        params = {
            "url": self._url,
            "secret_token": self._settings.webhook_secrets[0],
            "allowed_updates": list(WANTED),
            "max_connections": _CONNECTIONS,
            "drop_pending_updates": False,
        }
        await self._api.call("setWebhook", params)
        _log.info("telegram.webhook_set")


def wanted_url(public_url: str | None) -> str | None:
    """Where Telegram should send to; None where the hub has no public address."""
    return public_url.rstrip("/") + PATH if public_url else None


def failed_lately(info: WebhookInfo, now: datetime) -> bool:
    """Whether a delivery failed within the last minutes and something still waits for it."""
    at = info.last_error_date
    return at is not None and now - at < _RECENT and info.pending_update_count > 0


def _fingerprint(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=8).hexdigest()
