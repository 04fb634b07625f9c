"""The names of people and channels, so that the agent reads "@Anna" where Slack writes an id.

Who is mentioned for the first time is looked up before the message is stored, for a moment at most; with a Slack that is slow
they read ``@someone`` once. Authors are looked up in the background, as many in a minute as Slack allows; further ones with
their next message. Who was looked up is known by every process (through memory) for a day.
"""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Container, Iterable
from typing import Any

import structlog

from channels.bounded import Bounded
from channels.slack.client import NOBODY, Refused, SlackClient
from channels.slack.place import CHANNEL
from channels.write_behind import WriteBehindCache
from core.domain.errors import HubError
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_KEPT = 5_000
_FRESH = 24 * 3600.0
_WITHHELD = 600.0
"""Seconds after which what Slack has not told, a name or an address, is asked for again: the app may be allowed it by then."""
_ADDRESS = "email"
_LOOK_UPS, _MINUTE = 100, 60.0
"""users.info is of Slack's tier 4: about a hundred a minute (docs.slack.dev/apis/web-api/rate-limits)."""
_log = structlog.get_logger(__name__)


class Directory:
    """Implements plain.Names over what was looked up. Ids of people and channels never collide, so one table holds both.

    ``with_addresses``: mail addresses are kept too, since they decide who is staff.
    """

    def __init__(
        self,
        memory: ChannelMemory,
        account: str,
        clock: Clock,
        cache: WriteBehindCache,
        *,
        with_addresses: bool = False,
    ) -> None:
        self._with_addresses = with_addresses
        self._memory = memory
        self._account = account
        self._clock = clock
        self._cache = cache
        self._known: Bounded[str, dict[str, Any]] = Bounded(_KEPT)
        self._asked_at: deque[float] = deque(maxlen=_LOOK_UPS)

    async def load(self) -> None:
        """What earlier processes learned. Raises StoreUnavailable."""
        for key, value in (await self._memory.recall_all(CHANNEL, self._account, "name/")).items():
            with contextlib.suppress(ValueError):
                self._known[key.removeprefix("name/")] = json.loads(value)

    def person(self, user: str) -> str | None:
        """Their name, as they show it."""
        return self._known.get(user, {}).get("name")

    def channel(self, channel: str) -> str | None:
        """Its name, without the hash."""
        return self._known.get(channel, {}).get("name")

    def locale(self, user: str) -> str | None:
        """Such as ``de-DE``."""
        return self._known.get(user, {}).get("locale")

    def team(self, user: str) -> str | None:
        """The workspace that they belong to, which in a shared channel is another one than ours."""
        return self._known.get(user, {}).get("team")

    def address(self, user: str) -> str | None:
        """Their mail address, in small letters."""
        found = self._known.get(user, {}).get(_ADDRESS)
        return found.lower() if isinstance(found, str) else None

    def was_looked_up(self, user: str) -> bool:
        """Whether Slack was asked for all that is kept of them, though it may not have told it."""
        known = self._known.get(user)
        return known is not None and (not self._with_addresses or _ADDRESS in known)

    def is_outside(self, channel: str) -> bool:
        """Whether other companies are in the channel."""
        return bool(self._known.get(channel, {}).get("outside"))

    def lacks(self, ids: Iterable[str]) -> list[str]:
        """Those that are not known, or were not looked up lately."""
        return sorted(one for one in ids if self._stale(one))

    def may_look_up(self) -> bool:
        """Whether Slack would answer one more look-up that can wait."""
        is_full = len(self._asked_at) == _LOOK_UPS
        return not is_full or self._clock.monotonic() - self._asked_at[0] > _MINUTE

    async def learn(
        self, client: SlackClient, people: Iterable[str], channels: Iterable[str], anew: Container[str] = ()
    ) -> None:
        """Look up those that are not known, or not lately, or ``anew``. What cannot be looked up stays unknown."""
        for user in people:
            if user in anew or self._stale(user):
                self._asked_at.append(self._clock.monotonic())
                with contextlib.suppress(HubError):
                    found = await _look_up(client, user)
                    self._keep(user, {**_person(found), **(_address(found) if self._with_addresses else {})})
        for channel in channels:
            if self._stale(channel):
                with contextlib.suppress(HubError):
                    found = (await client.conversations_info(channel=channel))["channel"]
                    self._keep(channel, {"name": found.get("name"), "outside": found.get("is_ext_shared")})

    def _stale(self, what: str) -> bool:
        known = self._known.get(what)
        if known is None or (what[0] in "CG" and "outside" not in known):
            return True
        withheld = what[0] in "UW" and (not known.get("name") or (self._with_addresses and not known.get(_ADDRESS)))
        fresh = _WITHHELD if withheld else _FRESH
        return self._clock.now().timestamp() - float(known.get("at", 0)) > fresh

    def _keep(self, what: str, found: dict[str, Any]) -> None:
        self._known[what] = {**found, "at": self._clock.now().timestamp()}
        self._cache.put(f"name/{what}", json.dumps(self._known[what]))


async def _look_up(client: SlackClient, user: str) -> Any:
    """Their profile; empty of somebody whom the app may not see, so that they are not asked for with each message."""
    try:
        return await client.user(user)
    except Refused as error:
        if error.reason not in NOBODY:
            raise
        return {}


def _address(user: Any) -> dict[str, Any]:
    profile = user.get("profile")
    return {_ADDRESS: profile.get(_ADDRESS) if isinstance(profile, dict) else None}


def _person(user: Any) -> dict[str, Any]:
    profile = user.get("profile") if isinstance(user.get("profile"), dict) else {}
    name = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
    return {"name": name, "locale": user.get("locale"), "team": user.get("team_id")}
