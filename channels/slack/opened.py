"""What a Slack channel has between its start and its stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from channels.slack.colleagues import Colleagues
from channels.slack.files import Files
from channels.slack.names import Directory
from channels.slack.post_ack_tasks import PostAckTasks
from channels.slack.reception import Reception
from channels.slack.settings import SlackSettings
from channels.slack.socket_mode import SocketMode, Take
from channels.slack.views import StaffForms
from channels.slack.workspaces import Workspaces
from channels.transport import Transport
from core.ports.surroundings import Surroundings

if TYPE_CHECKING:
    from channels.slack.install import InstallPages


class Opened:
    """Connections, and what needs one."""

    def __init__(
        self,
        settings: SlackSettings,
        around: Surroundings,
        transport: Transport,
        directory: Directory,
        reception: Reception,
        colleagues: Colleagues,
        take: Take,
        forms: StaffForms,
    ) -> None:
        self.workspaces = Workspaces(settings, around.memory, transport)
        self.files = Files(around, settings.account, transport, settings.api_base_url)
        self.post_ack = PostAckTasks(settings, around, self.workspaces, directory, reception, colleagues, forms)
        self.install_pages: InstallPages | None = None
        if settings.installable and around.public_url is not None:
            from channels.slack.install import InstallPages  # loads Bolt

            self.install_pages = InstallPages(settings, self.workspaces, around.clock, around.public_url)
        self.socket: SocketMode | None = None
        if settings.app_tokens:
            app = self.workspaces.client_with(settings.app_tokens)
            self.socket = SocketMode(app, take, around.leases, around.clock, around.process, settings.account)

    async def start(self) -> None:
        """Connect, where events come through a connection of ours."""
        if self.socket is not None:
            await self.socket.start()

    async def stop(self) -> None:
        """Let go of it, and of what was begun."""
        if self.socket is not None:
            await self.socket.stop()
        await self.post_ack.close()
