"""Everything that exists between the channel's start and its stop."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from typing import Any, Final

import structlog

from channels.connection_status import ConnectionStatus
from channels.telegram import client
from channels.telegram.albums import GroupAlbums
from channels.telegram.chats import Chats
from channels.telegram.client import BotApi, Files
from channels.telegram.incoming import Incoming, PostCommitTasks
from channels.telegram.outgoing import Outgoing
from channels.telegram.parse import Reader
from channels.telegram.polling import Polling
from channels.telegram.settings import CHANNEL, TelegramSettings
from channels.telegram.webhook import TelegramEndpoint, WebhookRegistration
from channels.telegram.words import COMMANDS
from core.domain.errors import AuthFailed, ChannelError, StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

_NAME: Final = "username"
_MENU: Final = "menu"
_LONGEST: Final = 60.0

_log = structlog.get_logger(__name__)


class Connection:
    """One bot at work. ``reader`` learns the bot's name; ``endpoint`` is opened when webhooks may come."""

    def __init__(
        self,
        settings: TelegramSettings,
        surroundings: Surroundings,
        status: ConnectionStatus,
        *,
        reader: Reader,
        sink: InboundSink,
        endpoint: TelegramEndpoint,
    ) -> None:
        self._settings = settings
        self._account = settings.account
        self._memory = surroundings.memory
        self._clock = surroundings.clock
        self._status = status
        self._reader = reader
        self._sink = sink
        self._endpoint = endpoint
        self._transport = client.open_transport()
        self.api = BotApi(settings.origin, settings.bot_token, self._transport)
        self.chats = Chats(surroundings.memory, self._account, reader.homes)
        self.outgoing = Outgoing(self.api, self.chats, surroundings)
        self.files = Files(self.api, settings.origin, self._transport, surroundings.max_attachment_bytes)
        self._post_commit = PostCommitTasks(self.api, self.chats)
        self._albums = GroupAlbums(surroundings.memory, self._account, surroundings.clock, reader)
        self.incoming = Incoming(
            self._account,
            reader,
            sink,
            self._albums,
            self.chats,
            self._post_commit,
            surroundings.clock,
        )
        endpoint.incoming = self.incoming
        self._webhook = WebhookRegistration(self.api, settings, surroundings, status)
        self._polling = Polling(
            self.api,
            self._account,
            surroundings,
            status,
            take=self.incoming.polled,
            unblock=self._webhook.unset_own,
            seconds=settings.poll_seconds,
        )
        self._tried = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    async def open(self, patience: float) -> None:
        """Begin; returns when Telegram has answered for the first time, or after so many seconds. Raises StoreUnavailable."""
        try:
            await self.chats.load()
            await self._albums.load()
            known = await self._memory.recall(CHANNEL, self._account, _NAME)
        except StoreUnavailable:
            await self._transport.close()
            raise
        if known:
            self._reader.introduce(known)
        self._work = asyncio.create_task(self._serve(known))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._tried.wait()

    async def close(self) -> None:
        """Take nothing more; what was taken is stored."""
        await end_tasks(self._work)
        if self._settings.mode == "polling":
            with contextlib.suppress(StoreUnavailable):
                await self._polling.let_go()
        await self._albums.close()
        await self._post_commit.close()
        await self._transport.close()

    async def _serve(self, known: str | None) -> None:
        try:
            await self._introduce(known)
            if self._settings.mode == "webhook":
                self._endpoint.open(self._sink)
                await self._webhook.check()
            self._tried.set()
            await self._menu()
            await (self._webhook.look_after() if self._settings.mode == "webhook" else self._polling.run())
        except Exception:
            self._status.report("the connection to Telegram has ended; restart the server")
            _log.exception("telegram.ended")

    async def _introduce(self, known: str | None) -> None:
        """Learn the bot's name: without it nobody can tell which messages of a group are for it."""
        pause = 1.0
        while True:
            try:
                me = await self.api.call("getMe")
            except AuthFailed:
                self._status.report("the bot's token does not work (any more)")
                pause = _LONGEST
            except ChannelError as error:
                self._status.report("Telegram cannot be reached", error=error.detail)
                pause = min(_LONGEST, pause * 2)
            else:
                return await self._introduced(me.username, known)
            if known:
                return None
            self._tried.set()
            await self._clock.sleep(pause)

    async def _introduced(self, name: str, known: str | None) -> None:
        self._reader.introduce(name)
        self._status.clear()
        if name != known:
            with contextlib.suppress(StoreUnavailable):  # it is asked for again at the next start
                await self._memory.remember(CHANNEL, self._account, _NAME, name)

    async def _menu(self) -> None:
        try:
            await self._set_menu()
        except (ChannelError, StoreUnavailable) as error:
            _log.warning("telegram.menu_not_set", detail=error.detail)

    async def _set_menu(self) -> None:
        """The commands in each language that we speak (https://core.telegram.org/bots/api#setmycommands).

        Not where Telegram was told the same before. Raises ChannelError, StoreUnavailable.
        """
        mark = hashlib.blake2b(json.dumps(COMMANDS).encode(), digest_size=8).hexdigest()
        if await self._memory.recall(CHANNEL, self._account, _MENU) == mark:
            return
        for language, commands in COMMANDS.items():
            params: dict[str, Any] = {"commands": list(commands.items())}
            if language != "en":  # which is also for all languages that are not listed
                params["language_code"] = language
            await self.api.call("setMyCommands", params)
        await self._memory.remember(CHANNEL, self._account, _MENU, mark)
