"""What a Slack channel has between its start and its stop."""

from __future__ import annotations

import aiohttp

from channels.slack.aftercare import Aftercare
from channels.slack.files import Files
from channels.slack.home import Home
from channels.slack.install import Installation
from channels.slack.names import Directory
from channels.slack.reception import Reception
from channels.slack.settings import SlackSettings
from channels.slack.socket_mode import SocketMode, Take
from channels.slack.workspaces import Workspaces
from core.ports.surroundings import Surroundings


class Opened:
    """Connections, and what needs one."""

    def __init__(
        self,
        settings: SlackSettings,
        around: Surroundings,
        http: aiohttp.ClientSession,
        directory: Directory,
        reception: Reception,
        take: Take,
    ) -> None:
        self.workspaces = Workspaces(settings, around.memory, http)
        self.files = Files(around, settings.account, http, settings.api_base_url)
        self.aftercare = Aftercare(settings, Home(settings, around), self.workspaces, directory, reception)
        self.installation = Installation(settings, self.workspaces, around.clock, around.public_url)
        self.socket: SocketMode | None = None
        if settings.app_tokens:
            app = self.workspaces.app()
            self.socket = SocketMode(app, http, take, around.leases, around.clock, around.process, settings.account)

    async def start(self) -> None:
        """Connect, where events come through a connection of ours."""
        if self.socket is not None:
            await self.socket.start()

    async def stop(self) -> None:
        """Let go of it, and of what was begun."""
        if self.socket is not None:
            await self.socket.stop()
        await self.aftercare.close()
