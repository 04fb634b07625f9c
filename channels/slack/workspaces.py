"""Who has installed the app, and the token to speak with there."""

from __future__ import annotations

import json
from dataclasses import asdict

import aiohttp
import structlog

from channels.slack.client import Installed, SlackClient
from channels.slack.place import CHANNEL
from channels.slack.settings import SlackSettings
from core.domain.errors import HubError, Unreachable
from core.ports.channel_memory import ChannelMemory

_log = structlog.get_logger(__name__)


class Workspaces:
    """The configured token is its own workspace's; others are in memory, where an installation put them."""

    def __init__(self, settings: SlackSettings, memory: ChannelMemory, http: aiohttp.ClientSession) -> None:
        self._settings = settings
        self._memory = memory
        self._http = http
        self._home = self._client(settings.bot_tokens) if settings.bot_tokens else None
        self._home_team: str | None = None
        self._home_user: str | None = None
        self._clients: dict[str, tuple[str, SlackClient]] = {}

    async def _learn(self) -> None:
        """Ask whose token was configured. Without an answer it is tried for every workspace that is not installed."""
        if self._home is None or self._home_team is not None:
            return
        try:
            found = await self._home.auth_test()
        except HubError as error:
            _log.warning("slack.not_asked", error=error.detail)
            return
        self._home_team, self._home_user = found.team, found.user

    async def client(self, team: str) -> SlackClient:
        """For a workspace. Raises Unreachable where the app is not installed, which may be mended; StoreUnavailable."""
        await self._learn()
        if self._home is not None and team == self._home_team:
            return self._home
        installed = await self.installation(team)
        if installed is not None:
            token, client = self._clients.get(team, ("", None))
            if client is None or token != installed.token:
                client = self._client((installed.token,))
                self._clients[team] = (installed.token, client)
            return client
        if self._home is not None and self._home_team in (None, team):  # it may have been learned meanwhile
            return self._home
        raise Unreachable(f"The app is not installed in the workspace {team} (any more). Install it again there.")

    def is_own(self, client: SlackClient) -> bool:
        """Whether it is the configured token's: then its failure is the whole channel's."""
        return client is self._home

    async def bot_user(self, team: str) -> str | None:
        """The app's user there, where it is known."""
        await self._learn()
        if team == self._home_team:
            return self._home_user
        installed = await self.installation(team)
        return installed.bot_user if installed is not None else self._home_user

    async def installation(self, team: str) -> Installed | None:
        """As it was remembered; always read, since another process may have taken it. Raises StoreUnavailable."""
        found = await self._memory.recall(CHANNEL, self._settings.account, f"install/{team}")
        return Installed(**json.loads(found)) if found else None

    async def installed(self, installation: Installed) -> None:
        """Remember it, instead of an earlier one. Raises StoreUnavailable."""
        value = json.dumps(asdict(installation))
        await self._memory.remember(CHANNEL, self._settings.account, f"install/{installation.team}", value)
        _log.info("slack.installed", team=installation.team)

    async def removed(self, team: str) -> None:
        """The app was taken out of a workspace. Raises StoreUnavailable."""
        await self._memory.forget(CHANNEL, self._settings.account, f"install/{team}")
        self._clients.pop(team, None)
        _log.warning("slack.removed", team=team)

    def nobody(self) -> SlackClient:
        """Without a token: for the end of an installation."""
        return self._client(())

    def app(self) -> SlackClient:
        """With the app's own token: for Socket Mode."""
        return self._client(self._settings.app_tokens)

    def _client(self, tokens: tuple[str, ...]) -> SlackClient:
        return SlackClient(self._http, tokens, self._settings.api_base_url, timeout=self._settings.timeout)
