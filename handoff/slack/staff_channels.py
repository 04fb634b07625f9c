"""In which channel staff are told of a case: its team's where that has one and it is open, the staff's otherwise."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import structlog

from channels.slack.client import CLOSED, Refused
from core.domain.keys import ConversationKey
from core.ports.clock import Clock

_SHUT_FOR = 600.0
"""Seconds after which a team's channel is tried again."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StaffChannels:
    """``staff``: where everything is told that has no other place; ``teams``: of those that have their own.

    ``team_of``: the team that a case is for; it may raise StoreUnavailable, and so may what asks it.
    """

    staff: str
    teams: Mapping[str, str]
    team_of: Callable[[ConversationKey], Awaitable[str | None]]
    clock: Clock
    _shut: dict[str, float] = field(default_factory=dict, init=False)

    async def channel_for(self, feed: ConversationKey) -> str:
        """Where a new card is posted."""
        wanted = await self._wanted(feed)
        now = self.clock.monotonic()
        return self.staff if now < self._shut.get(wanted, now) else wanted

    async def keeps(self, feed: ConversationKey, channel: str, wanted: str) -> bool:
        """Whether a case stays in the ``channel`` where it is: its team's or the staff's. ``wanted``: what ``channel_for`` said.

        That one of them is shut just now is known to some processes only: they would carry it to and fro.
        """
        return channel in (self.staff, wanted) or channel == await self._wanted(feed)

    def elsewhere(self, error: Refused, refused: str, wanted: str) -> str | None:
        """Where to show a case whose channel takes nothing: what one team cannot see must not be seen by nobody."""
        if error.reason not in CLOSED or refused == self.staff:
            return None
        if refused != wanted:
            return wanted
        _log.error("desk.team_channel_closed", channel=refused, error=error.detail)
        self._shut[refused] = self.clock.monotonic() + _SHUT_FOR
        return self.staff

    async def _wanted(self, feed: ConversationKey) -> str:
        if not self.teams:
            return self.staff
        return self.teams.get(await self.team_of(feed) or "", self.staff)
