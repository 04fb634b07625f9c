"""What was said while the hub was away for longer than Slack repeats its events: read from the history, accepted once."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from channels.slack.client import SlackClient
from channels.slack.parse import Reader
from channels.slack.place import CHANNEL, Place, time_of
from channels.slack.reception import Reception
from channels.slack.wire import Posted
from channels.slack.workspaces import Workspaces
from core.domain.errors import ChannelError, InvalidInput
from core.ports.channel_memory import ChannelMemory
from core.ports.clock import Clock

_LIVELY = timedelta(days=7)
"""A thread that was silent for longer is not asked for; direct messages always are."""
_log = structlog.get_logger(__name__)


class CatchUp:
    """Goes through the places that were seen before, each from the last message that is known there."""

    def __init__(
        self, memory: ChannelMemory, account: str, workspaces: Workspaces, reception: Reception, clock: Clock
    ) -> None:
        self._memory = memory
        self._account = account
        self._workspaces = workspaces
        self._reception = reception
        self._clock = clock

    async def run(self, reader: Reader) -> int:
        """How many messages were new. A place that cannot be read is left for the next time. Raises StoreUnavailable."""
        new = 0
        for key, value in (await self._memory.recall_all(CHANNEL, self._account, "seen/")).items():
            place, since = Place.of(key.removeprefix("seen/")), str(json.loads(value).get("ts") or "0")
            if place.thread_ts is not None and since != "0" and self._clock.now() - time_of(since) > _LIVELY:
                continue
            try:
                new += await self._read(reader, place, since)
            except ChannelError as error:
                _log.warning("slack.not_caught_up", place=str(place), error=error.detail)
        return new

    async def _read(self, reader: Reader, place: Place, since: str) -> int:
        client = await self._workspaces.client(place.team)
        own = await self._workspaces.bot_user(place.team)
        channel = await client.open_direct(place.channel) if place.person else place.channel
        found = [one async for one in _messages(client, channel, place, since)]
        new = 0
        for message in sorted(found, key=lambda one: time_of(str(one.get("ts")))):
            try:
                events = reader.message({**message, "channel": channel}, place.team, own=own)
            except InvalidInput as error:
                _log.warning("slack.not_understood", error=error.detail)
                continue
            accepted = await self._reception.take(events, None, addressed=False)
            new += sum(1 for one in accepted if not one.duplicate)
        return new


async def _messages(client: SlackClient, channel: str, place: Place, since: str) -> AsyncIterator[Posted]:
    pages = (
        client.replies(channel, place.thread_ts, oldest=since)
        if place.thread_ts is not None
        else client.history(channel, oldest=since)
    )
    async for page in pages:
        for message in page:
            if time_of(str(message.get("ts"))) > time_of(since):
                yield message
