"""Our own long polling (https://core.telegram.org/bots/api#getupdates): the offset moves after the commit, never before.

Telegram keeps an update until it is asked for a later one, up to 24 hours. So nothing need be remembered here: after a crash
the same updates come again, and the hub knows them by their keys. The library's updater confirms what still sits in a queue.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog
from telegram.constants import ChatType
from telegram.error import Conflict

from channels.connection_status import ConnectionStatus
from channels.telegram.client import BotApi, Refused
from channels.telegram.settings import CHANNEL, WANTED
from core.domain.errors import AuthFailed, ChannelError, Overloaded, RateLimited, StoreUnavailable
from core.ports.surroundings import Surroundings

_LEASE_MARGIN: Final = 35.0
_NOT_OURS: Final = 10.0
_CONFLICT: Final = 10.0
_NO_TOKEN: Final = 60.0
_LONGEST: Final = 30.0
_BATCH: Final = 100

_log = structlog.get_logger(__name__)


class Polling:
    """``take`` stores one update and returns after the commit; ``unblock`` tries to end a webhook that is our own."""

    def __init__(
        self,
        api: BotApi,
        account: str,
        surroundings: Surroundings,
        status: ConnectionStatus,
        *,
        take: Callable[[Any], Awaitable[None]],
        unblock: Callable[[], Awaitable[None]],
        seconds: int,
    ) -> None:
        self._api = api
        self._lease = f"{CHANNEL}:{account}:poll"
        self._leases = surroundings.leases
        self._process = surroundings.process
        self._clock = surroundings.clock
        self._status = status
        self._take = take
        self._unblock = unblock
        self._seconds = seconds
        self._offset: int | None = None
        self._failures = 0

    async def run(self) -> None:
        """Until it is cancelled. Of several processes one polls: Telegram allows no more."""
        while True:
            pause = await self._once()
            if pause:
                await self._clock.sleep(pause)

    async def let_go(self) -> None:
        """Another process may go on at once. Raises StoreUnavailable."""
        await self._leases.let_go(self._lease, self._process)

    async def _once(self) -> float:
        """One round; the seconds to wait before the next."""
        try:
            if not await self._leases.hold(self._lease, self._process, self._seconds + _LEASE_MARGIN):
                self._offset = None
                self._status.clear()  # how it goes is for the one to say that polls
                return _NOT_OURS
            await self._round()
        except Exception as error:  # never let the poll loop die
            self._failures += 1
            return await self._after(error)
        self._failures = 0
        return 0.0

    async def _round(self) -> None:
        params: dict[str, Any] = {"limit": _BATCH, "allowed_updates": list(WANTED)}
        if self._offset is not None:
            params["offset"] = self._offset
        updates = await self._api.updates(params, wait=self._seconds)
        self._status.clear()
        await self._take_all(updates)

    async def _take_all(self, updates: Sequence[Any]) -> None:
        """Customers' chats beside each other, so that they share commits; each, and all groups, in the order of the updates.

        What follows the first that was not taken comes again, and is known by its key.
        """
        chats: dict[Any, list[Any]] = {}
        for update in updates:
            chats.setdefault(_customer_chat(update), []).append(update)
        taken: set[int] = set()

        async def take_in_order(chat: Sequence[Any]) -> None:
            for update in chat:
                await self._take(update)
                taken.add(update["update_id"])

        results = await asyncio.gather(*(take_in_order(chat) for chat in chats.values()), return_exceptions=True)
        for update in updates:
            if update["update_id"] not in taken:
                break
            self._offset = update["update_id"] + 1
        for failure in results:
            if failure is not None:
                raise failure

    async def _after(self, error: Exception) -> float:
        backoff = min(_LONGEST, 0.5 * 2.0 ** min(self._failures, 8))
        match error:
            case StoreUnavailable() | Overloaded():
                _log.warning("telegram.not_stored", detail=error.detail)
            case RateLimited():
                return error.retry_after
            case AuthFailed():
                self._status.report("the bot's token does not work (any more)")
                return _NO_TOKEN
            case Refused() if isinstance(error.error, Conflict):
                return await self._conflict(error)
            case ChannelError():
                self._status.report("Telegram cannot be reached", error=error.detail)
            case _:
                _log.error("telegram.poll_failed", exc_info=error)
        return backoff

    async def _conflict(self, error: Refused) -> float:
        """409: a webhook is set, or another program polls with the same token."""
        if error.says("webhook"):
            self._status.report("a webhook is set, so nothing comes by polling", said=error.error.message)
            try:
                await self._unblock()
            except (ChannelError, StoreUnavailable) as failure:
                _log.warning("telegram.webhook_stays", detail=failure.detail)
        else:
            self._status.report("another program polls with the same token", said=error.error.message)
        return _CONFLICT


def _customer_chat(update: Any) -> Any:
    """The id of the chat with one customer that an update is about. None: a group, which another's update may tell of."""
    for about in update.values():
        if isinstance(about, dict):
            chat = about.get("chat") or (about.get("message") or {}).get("chat") or {}
            return chat.get("id") if chat.get("type") == ChatType.PRIVATE else None
    return None
