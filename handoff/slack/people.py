"""Who the staff are, as Slack knows them, and by which names customers read them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import structlog

from channels.slack.client import SlackClient
from channels.slack.place import CHANNEL
from channels.slack.staff_command import chosen_name
from core.domain.errors import HubError, StoreUnavailable
from core.ports.surroundings import Surroundings

_LOOK_EVERY = 60.0
_log = structlog.get_logger(__name__)


class SlackPeople:
    """Implements handoff's People. ``account``: of the Slack channel through which staff write, who choose their names there."""

    def __init__(self, surroundings: Surroundings, account: str, client: Callable[[], SlackClient]) -> None:
        self._memory = surroundings.memory
        self._clock = surroundings.clock
        self._account = account
        self._client = client
        self._names: dict[str, str] = {}
        self._looked_at: dict[str, tuple[float, bool]] = {}

    async def called(self, staff_id: str) -> str | None:
        """See People.called: the name that they chose, or that of their profile."""
        if not staff_id:
            return None
        with contextlib.suppress(StoreUnavailable):
            key = chosen_name(staff_id)
            chosen = await self._memory.recall(CHANNEL, self._account, key)
            if chosen:
                return chosen
        if staff_id not in self._names:
            try:
                user = await self._client().user(staff_id)
            except HubError as error:
                _log.warning("desk.name_unknown", staff=staff_id, error=error.detail)
                return None
            profile = user.get("profile") or {}
            found = profile.get("display_name") or profile.get("real_name") or user.get("real_name") or user.get("name")
            if not found:
                return None
            self._names[staff_id] = str(found)
        return self._names[staff_id]

    async def gone(self, staff_id: str) -> bool:
        """See People.gone. Asked at most once a minute of each; a missing answer is none."""
        now = self._clock.monotonic()
        known = self._looked_at.get(staff_id)
        if known is None or now - known[0] > _LOOK_EVERY:
            try:
                found = bool((await self._client().user(staff_id)).get("deleted"))
            except HubError as error:  # not asked again at once: each customer's message would wait for Slack
                _log.warning("desk.person_unknown", staff=staff_id, error=error.detail)
                found = known is not None and known[1]
            known = self._looked_at[staff_id] = (now, found)
        return known[1]
