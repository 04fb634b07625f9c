"""What Slack shows to one person of the staff: forms, and words that nobody else sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from channels.slack.client import Refused, SlackClient
from channels.slack.place import Place
from channels.slack.wire import View
from core.ports.clock import Clock
from handoff.slack.rich_text import fallback, words

_FRESH = 60.0
"""Seconds for which it is believed who is in a channel."""
_FRESH_NO = 30.0
"""Seconds for which it is believed that somebody is not, where that will do."""


class SlackPanel:
    """Implements handoff.thread.desk_views.Panel. ``client``: of the desk's app, once it is started."""

    def __init__(self, client: Callable[[], SlackClient], clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._members: dict[str, tuple[float, frozenset[str]]] = {}

    async def open(self, trigger: str, view: View) -> None:
        await self._client().views_open(trigger_id=trigger, view=cast("dict[str, Any]", view))

    async def change(self, view_id: str, view_hash: str, view: View) -> None:
        await self._client().views_update(view_id=view_id, view=cast("dict[str, Any]", view), hash=view_hash or None)

    async def publish(self, user: str, view: View) -> None:
        await self._client().views_publish(user_id=user, view=cast("dict[str, Any]", view))

    async def can_read(self, place: Place) -> bool:
        try:
            async for _ in self._client().replies(place.channel, place.thread_ts or ""):
                break
        except Refused:
            return False
        return True

    async def whisper(self, place: Place, user: str, text: str) -> None:
        await self._client().whisper(place.channel, user, fallback(words(text)), place.thread_ts)

    async def is_member(self, channel: str, user: str, *, now: bool = True) -> bool:
        known = self._members.get(channel)
        at = self._clock.monotonic()
        fresh = _FRESH if known and user in known[1] else 0.0 if now else _FRESH_NO
        if known is None or at - known[0] >= fresh:
            known = self._members[channel] = (at, await self._client().members(channel))
        if user not in known[1]:
            return False
        return not (await self._client().user(user)).get("is_bot")
