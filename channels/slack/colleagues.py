"""Who of the people that write in channels works for the company: a colleague of the staff, and no customer.

What is known decides, without a call. Slack names the workspace of whoever writes in a channel that companies share
(docs.slack.dev/apis/slack-connect), and an address stands in the profile that names are read from.
"""

from __future__ import annotations

from collections.abc import Sequence

from channels.slack import wire
from channels.slack.names import Directory
from channels.slack.wire import Json
from channels.slack.workspaces import Workspaces
from channels.staff_rule import StaffRule

OUTSIDE = "is_ext_shared_channel"
"""Of an event: other companies are in its channel."""


class Colleagues:
    """Decides by the rule of the settings: a single person before domains, and domains before workspaces."""

    def __init__(self, rule: StaffRule, directory: Directory) -> None:
        self._rule = rule
        self._directory = directory
        self._teams: frozenset[str] | None = None

    def include(self, user: str, event: Json) -> bool:
        """Whether the author of a message in a channel is one. ``event`` says where they belong, and who is in the channel."""
        address = self._directory.address(user)
        if (overridden := self._rule.overridden(user, address)) is not None:
            return overridden
        if self._rule.domains and address is not None:
            return self._rule.has_domain(address)
        team = wire.text(event, "user_team") or wire.text(event, "team") or self._directory.team(user)
        return bool(event.get(OUTSIDE)) and team in (self._teams or ())

    def unmet(self, event: Json) -> frozenset[str]:
        """The author of a message in a channel who was never looked up."""
        user, channel = event.get("user"), event.get("channel")
        if not isinstance(user, str) or event.get("bot_id") or str(channel)[:1] == "D":
            return frozenset()
        return frozenset() if self._directory.was_looked_up(user) else frozenset({user})

    def lacks_teams(self, payload: Json) -> bool:
        """Whether the staff's workspace decides about an event, and is not known yet."""
        return bool(payload.get(OUTSIDE)) and self._teams is None

    async def learn_teams(self, workspaces: Workspaces) -> None:
        """Ask for the staff's workspace, once. Raises HubError."""
        if self._teams is None:
            self._teams = await workspaces.staff_teams()

    async def meet(self, workspaces: Workspaces, team: str, channel: str, messages: Sequence[Json]) -> Json:
        """What the history of a channel does not say: whether other companies are in it. Whoever wrote there is looked up.

        Raises HubError.
        """
        client = await workspaces.client(team)
        unmet = frozenset[str]().union(*(self.unmet({**one, "channel": channel}) for one in messages))
        await self._directory.learn(client, sorted(unmet), [channel], anew=unmet)
        about = {"channel": channel, OUTSIDE: self._directory.is_outside(channel)}
        if self.lacks_teams(about):
            await self.learn_teams(workspaces)
        return about
