"""Who the staff are, as Slack knows them, and by which names customers read them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from channels.slack.client import NOBODY, Refused, Self, SlackClient
from channels.slack.place import CHANNEL, Sent
from channels.slack.staff_channels import chosen_name
from channels.slack.wire import Json
from core.domain.errors import HubError, StoreUnavailable
from core.ports.surroundings import Surroundings
from handoff.people import Membership

_LOOK_EVERY = 60.0
_BELIEVED = 600.0
"""Seconds for which it is believed that somebody belongs to the workspace, or does not."""
_ASK_AGAIN = 2.0
_MOST = 5_000
_GUEST = ("is_bot", "is_workflow_bot", "is_restricted", "is_ultra_restricted", "is_stranger")
"""After docs.slack.dev/reference/objects/user-object."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Known:
    """What Slack said of a person. ``at``: on the monotonic clock."""

    at: float
    name: str | None
    gone: bool
    membership: Membership


class SlackPeople:
    """Implements handoff's People and Members, with one call to Slack for all of it.

    ``account``: of the Slack channel through which staff write, who choose their names there.
    """

    def __init__(self, surroundings: Surroundings, account: str, client: Callable[[], SlackClient]) -> None:
        self._memory = surroundings.memory
        self._clock = surroundings.clock
        self.account = account
        self._client = client
        self._known: dict[str, _Known] = {}
        self._looked_at: dict[str, float] = {}
        self._failed: dict[str, float] = {}
        self._own: Self | None = None

    def link_to(self, provider_id: str) -> str | None:
        """The address of a message of the desk's; None before anybody of the workspace was asked about."""
        sent, url = Sent.named(provider_id), self._own.url if self._own else ""
        return f"{url}archives/{sent.channel}/p{sent.ts.replace('.', '')}" if url else None

    @property
    def team(self) -> str:
        """The staff's workspace; empty before anybody was asked about."""
        return self._own.team if self._own else ""

    async def called(self, staff_id: str) -> str | None:
        """See People.called: the name that they chose, or that of their profile."""
        if not staff_id:
            return None
        with contextlib.suppress(StoreUnavailable):
            key = chosen_name(staff_id)
            chosen = await self._memory.recall(CHANNEL, self.account, key)
            if chosen:
                return chosen
        known = self._known.get(staff_id)
        if known is None or known.name is None:
            known = await self._asked(staff_id)
        return known.name if known else None

    async def gone(self, staff_id: str) -> bool:
        """See People.gone. Asked at most once a minute of each; a missing answer is none."""
        now = self._clock.monotonic()
        if now - self._looked_at.get(staff_id, float("-inf")) > _LOOK_EVERY:
            self._looked_at[staff_id] = now
            await self._asked(staff_id)
        known = self._known.get(staff_id)
        return known is not None and known.gone

    async def membership(self, staff_id: str) -> Membership:
        """See Members.membership. Who was staff lately is, while Slack does not answer."""
        known, now = self._known.get(staff_id), self._clock.monotonic()
        believed = known is not None and now - known.at <= _BELIEVED
        if not believed and now - self._failed.get(staff_id, float("-inf")) > _ASK_AGAIN:
            known = await self._asked(staff_id) or known
        return known.membership if known else Membership.UNKNOWN

    async def _asked(self, staff_id: str) -> _Known | None:
        now = self._clock.monotonic()
        try:
            user: Json = await self._client().user(staff_id)
            self._own = self._own or await self._client().identity()
        except Refused as error:
            if error.reason not in NOBODY:
                self._unanswered(staff_id, error)
                return None
            user = {"is_stranger": True}  # nobody that the app may see
        except HubError as error:
            self._unanswered(staff_id, error)
            return None
        if len(self._known) >= _MOST:
            for seen in (self._known, self._looked_at, self._failed):
                seen.clear()
        self._failed.pop(staff_id, None)
        known = self._known[staff_id] = _Known(
            now, _name(user), bool(user.get("deleted")), _membership(user, self._own)
        )
        return known

    def _unanswered(self, staff_id: str, error: HubError) -> None:
        _log.warning("desk.person_unknown", staff=staff_id, error=error.detail)
        self._failed[staff_id] = self._clock.monotonic()


def _name(user: Json) -> str | None:
    profile = user.get("profile") or {}
    found = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    return str(found) if found else None


def _membership(user: Json, own: Self | None) -> Membership:
    """A colleague from another workspace of the same enterprise is no guest."""
    if own is None or any(user.get(sign) for sign in _GUEST):
        return Membership.GUEST
    enterprise = user.get("enterprise_user")
    company = enterprise.get("enterprise_id") if isinstance(enterprise, dict) else None
    at_home = user.get("team_id") == own.team or bool(own.enterprise and company == own.enterprise)
    return Membership.STAFF if at_home else Membership.GUEST
