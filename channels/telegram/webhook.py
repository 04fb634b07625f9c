"""The webhook: set where it should be, looked after, and let in through the door that all webhooks share.

Telegram repeats an update that was not answered with 2xx, and sends the updates of one chat one after the other.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import structlog

from channels.door import WebhookDoor
from channels.telegram.client import BotApi
from channels.telegram.settings import CHANNEL, PATH, TelegramSettings
from channels.telegram.standing import Standing
from channels.telegram.wire import WANTED
from core.domain.errors import AuthFailed, BadSignature, ChannelError, StoreUnavailable, Unreachable
from core.ports.channel import Channel, WebhookReply, WebhookRequest
from core.ports.channel_memory import ChannelMemory
from core.ports.surroundings import Surroundings

_SET: Final = "webhook"
_CHECK_EVERY: Final = 300.0
_RECENT: Final = 600.0
_CONNECTIONS: Final = 40

_log = structlog.get_logger(__name__)

PROOF: Final = "x-telegram-bot-api-secret-token"
"""The header that repeats secret_token (core.telegram.org/bots/api#setwebhook)."""

See = Callable[[bytes], Awaitable[None]]


class TelegramDoor(WebhookDoor):
    """``expect`` gets each update that is believed before it is read, ``see`` after its commit and before the thanks.

    Both raise what take raises (503: come again).
    """

    def __init__(self, channel: Channel, surroundings: Surroundings, expect: See, see: See) -> None:
        super().__init__(
            channel, surroundings.metrics, surroundings.clock, public_url=surroundings.public_url, proof=PROOF
        )
        self._expect = expect
        self._see = see

    async def take(self, request: WebhookRequest, thanks: WebhookReply) -> WebhookReply:
        """See WebhookDoor.take."""
        if self._sink is not None:
            with contextlib.suppress(BadSignature):  # which is refused, and counted, below
                self._channel.authenticate(request)
                await self._expect(request.body)
        reply = await super().take(request, thanks)
        if reply is thanks:
            await self._see(request.body)
        return reply


class Webhook:
    """Where Telegram sends to. Remembers what it set, so that polling may end it later, and no one else's."""

    def __init__(self, api: BotApi, settings: TelegramSettings, surroundings: Surroundings, standing: Standing) -> None:
        self._api = api
        self._settings = settings
        self._account = settings.account
        self._memory: ChannelMemory = surroundings.memory
        self._clock = surroundings.clock
        self._standing = standing
        self._url = wanted_url(surroundings.public_url)

    async def look_after(self) -> None:
        """Until it is cancelled: another program may set the webhook elsewhere, and Telegram may fail to reach it."""
        while True:
            await self._clock.sleep(_CHECK_EVERY)
            await self.check()

    async def check(self) -> None:
        """Set it if it is not as it should be, and hear what Telegram has to say. Says in `Standing` what went wrong.

        Every process does this for itself: setting the same twice changes nothing.
        """
        try:
            info = await self._info()
            if self._url is None:
                self._look_on(info)
            else:
                await self._settle(info)
        except AuthFailed:
            self._standing.is_bad("the bot's token does not work (any more)")
        except ChannelError as error:
            self._standing.is_bad("the webhook could not be checked", error=error.detail)
        except StoreUnavailable as error:
            _log.warning("telegram.webhook_unchecked", detail=error.detail)

    async def unset_own(self) -> None:
        """For polling: end the webhook that this hub has set before. Raises ChannelError, StoreUnavailable."""
        info = await self._info()
        url = str(info.get("url") or "")
        known = (await self._memory.recall(CHANNEL, self._account, _SET) or "").partition("#")[0]
        if url and url in (known, self._url):
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
            await self._memory.forget(CHANNEL, self._account, _SET)
            _log.info("telegram.webhook_deleted")
        elif url:
            self._standing.is_bad("another program's webhook gets this bot's messages", host=urlsplit(url).hostname)

    async def _info(self) -> Mapping[str, Any]:
        info = await self._api.call("getWebhookInfo")
        if not isinstance(info, dict):
            raise Unreachable("What answers there is not the Bot API.")
        return info

    async def _settle(self, info: Mapping[str, Any]) -> None:
        url = str(info.get("url") or "")
        mark = f"{self._url}#{_fingerprint(self._settings.webhook_secrets[0])}"
        known = await self._memory.recall(CHANNEL, self._account, _SET)
        if url != self._url or known != mark or set(info.get("allowed_updates") or ()) != set(WANTED):
            if url and url != self._url:
                _log.warning("telegram.webhook_was_elsewhere", host=urlsplit(url).hostname)
            await self._set()
            await self._memory.remember(CHANNEL, self._account, _SET, mark)
            info = {}
        if failed_lately(info, self._clock.now().timestamp()):
            said, waiting = info.get("last_error_message"), info.get("pending_update_count")
            self._standing.is_bad("Telegram could not deliver to the webhook", said=said, waiting=waiting)
        else:
            self._standing.is_good()

    def _look_on(self, info: Mapping[str, Any]) -> None:
        """Without an address of our own somebody else has to set it, at a proxy perhaps."""
        if info.get("url"):
            self._standing.is_good()
        else:
            self._standing.is_bad("no webhook is set, and without PUBLIC_URL the hub cannot set it")

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


def failed_lately(info: Mapping[str, Any], now: float) -> bool:
    """Whether a delivery failed within the last minutes and something still waits for it."""
    at = info.get("last_error_date")
    return isinstance(at, int) and now - at < _RECENT and int(info.get("pending_update_count") or 0) > 0


def _fingerprint(secret: str) -> str:
    return hashlib.blake2b(secret.encode(), digest_size=8).hexdigest()
