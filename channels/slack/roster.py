"""Who of the staff could be given a case, as Slack knows them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from channels.slack.client import CLOSED, NOBODY, Refused, SlackClient
from core.domain.errors import AuthFailed

_NAMED = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}|\b[UW][A-Z0-9]{2,20}\b")
"""An e-mail address, or what may be an id."""
_MOST, _LONGEST = 10, 500
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SlackRoster:
    """Implements core.ports.desk.Roster. ``staff``: the channel that shows what cannot be shown in a team's.

    ``shown_in``: the channel of a case's card; raises ChannelError while that is not known. ``works_here``: whether somebody
    belongs to the workspace; raises ChannelError while Slack does not say.
    """

    client: Callable[[], SlackClient]
    staff: str
    shown_in: Callable[[str], Awaitable[str]]
    works_here: Callable[[str], Awaitable[bool]]

    async def who_reads(self, case_id: str) -> frozenset[str]:
        """See Roster.who_reads. A card whose channel takes nothing any more moves to the staff's with what is posted next."""
        try:
            return await self.client().members(await self.shown_in(case_id))
        except Refused as error:
            if error.reason not in CLOSED:
                raise
            return await self.client().members(self.staff)

    async def is_staff(self, staff_id: str, *, is_there: bool) -> bool:
        """See Roster.is_staff. Slack calls somebody away who has not used it for ten minutes, or says so."""
        if not await self.works_here(staff_id):
            return False
        try:
            return not is_there or (await self.client().users_getPresence(user=staff_id)).get("presence") == "active"
        except Refused as error:
            if error.reason not in NOBODY:
                raise
            return False

    async def named_in(self, words: Sequence[str]) -> Sequence[str]:
        """See Roster.named_in: the first ten."""
        named = dict.fromkeys(one for word in words for one in _NAMED.findall(word[:_LONGEST]))
        found = [await self._with_address(one) if "@" in one else one for one in list(named)[:_MOST]]
        return [one for one in found if one is not None]

    async def _with_address(self, address: str) -> str | None:
        """Nobody where the app lacks the scope ``users:read.email``."""
        try:
            return str((await self.client().users_lookupByEmail(email=address))["user"]["id"])
        except (Refused, AuthFailed) as error:
            _log.warning("desk.address_unknown", error=error.detail)
            return None
