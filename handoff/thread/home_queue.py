"""The queue of cases in the app's home tab, for the staff who may read the cases anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from channels.slack.place import Place, Sent
from channels.slack.views import Form
from core.domain.case import Case
from core.domain.errors import ChannelError, OutcomeUnknown, RateLimited, Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import StaffAction
from core.ports.cases import CaseLists, ListedCase
from handoff.desk_parts import DeskParts
from handoff.people import Members, Membership
from handoff.settings import HandoffSettings
from handoff.slack.home import BACK, LONGEST_SEARCH, SEARCH, TURN_PAGE, HomeLine, home
from handoff.thread.desk_views import Panel

_MOST: Final = 300
"""Cases that are read for a page. Whoever has more waiting is told so, and sees those that wait longest."""
_WORDS: Final = 6
_CLAIMS: Final = frozenset({str(StaffAction.CLAIM), str(StaffAction.TAKE_OVER)})
_LOOKS, _BETWEEN = 20, 0.25
"""How often, and how many seconds apart, it is looked whether a claim was carried out."""
_log = structlog.get_logger(__name__)


class Staff(Members, Protocol):
    """Who the staff are, and where in Slack their messages stand. ``account``: of the channel through which they write."""

    account: str

    @property
    def team(self) -> str: ...

    def link_to(self, provider_id: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class HomeQueue:
    """Implements channels.slack.views.StaffHome.

    Only members of the staff's workspace who are in a channel in which cases are shown have it, and only with the cases of
    these channels: where customers are colleagues, they are in the same workspace.
    """

    parts: DeskParts
    lists: CaseLists
    staff: Staff
    panel: Panel
    settings: HandoffSettings
    staff_channel: str

    @property
    def _channels(self) -> dict[str, str]:
        return {team.name: team.channel for team in self.settings.teams if team.channel}

    async def show(self, user: str) -> bool:
        return await self._publish(user, {})

    async def is_staff(self, user: str) -> bool:
        return bool(await self._channels_of(user))

    async def pressed(self, form: Form, action: str, value: str) -> None:
        asked = dict(form.metadata)
        if action in (SEARCH, BACK):
            asked = {"words": " ".join(value.split())[:LONGEST_SEARCH] if action == SEARCH else ""}
        elif action.startswith(TURN_PAGE):
            asked["page"] = value
        elif action in _CLAIMS:
            await self._until_claimed(Place.of(value).conversation(self.staff.account), form.user)
        else:
            return
        await self._publish(form.user, asked)

    async def _publish(self, user: str, asked: Mapping[str, str]) -> bool:
        channels = await self._channels_of(user)
        if not channels:
            return False
        words = asked.get("words", "").split()[:_WORDS]
        account, heard_by = self.parts.desk_channel.account, self.staff.account
        if words:
            found = await self.lists.cases_with(account, heard_by, words, _MOST)
        else:
            found = await self.lists.queue_of(account, heard_by, user, _MOST)
        lines = [self._line(one) for one in found if self._channels.get(one.team or "", self.staff_channel) in channels]
        view = home(lines, user, self.settings.staff_locale, asked, is_cut=len(found) == _MOST)
        await self.panel.publish(user, view)
        return True

    async def _channels_of(self, user: str) -> frozenset[str]:
        """Those of the cases' channels in which a staff member is; none for everybody else. What the app may not read is none.

        Raises ChannelError: it cannot be told at the moment.
        """
        if await self.staff.membership(user) is not Membership.STAFF:
            return frozenset()
        known: Sequence[str] = sorted({self.staff_channel, *self._channels.values()})
        found, failed = set(), None
        for channel in known:
            try:
                if await self.panel.is_member(channel, user, now=False):
                    found.add(channel)
            except (RateLimited, Unreachable, OutcomeUnknown) as error:
                failed = error
            except ChannelError as error:
                _log.warning("desk.channel_unreadable", channel=channel, error=error.detail)
        if failed is not None and not found:
            raise failed
        return frozenset(found)

    def _line(self, case: ListedCase) -> HomeLine:
        if case.shown_at is None:
            return HomeLine(case, None, None)
        sent = Sent.named(case.shown_at)
        return HomeLine(case, str(Place(self.staff.team, sent.channel, sent.ts)), self.staff.link_to(case.shown_at))

    async def _until_claimed(self, thread: ConversationKey, user: str) -> None:
        """A press is carried out a moment after it was stored; what cannot be carried out is not waited for long."""
        case_id = await self.parts.desk_channel.case_of(thread)
        for _ in range(_LOOKS if case_id else 0):
            now = await self.parts.records.conversation(Case.home(case_id or ""))
            if now is None or now.owner == user:
                return
            await asyncio.sleep(_BETWEEN)
