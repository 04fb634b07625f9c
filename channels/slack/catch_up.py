"""What was said while the hub was away for longer than Slack repeats its events: read from the history, accepted once."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import structlog

from channels.slack.client import SlackClient
from channels.slack.emoji_requests import EmojiRequests, asked, customers_words
from channels.slack.parse import Reader
from channels.slack.place import CHANNEL, Place, time_of
from channels.slack.reception import Reception, mentions_app
from channels.slack.streams import Streams
from channels.slack.wire import Json, Posted
from channels.slack.workspaces import Workspaces
from channels.write_behind import WriteBehindCache
from core.domain.errors import ChannelError, HubError, InvalidInput, RateLimited, StoreUnavailable, Unreachable
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

_LIVELY = timedelta(days=7)
"""A thread that was silent for longer is not asked for; direct messages always are."""
_MARKED_LATE = 24 * 3600.0
"""Seconds by which a message that was marked during the outage may be older than what was heard before it."""
_MOST = 100_000
_TRIES = 3
_LONGEST_PAUSE = 90.0
_LEASE = 120.0
_AGAIN = (5.0, 30.0, 120.0, 600.0)
_log = structlog.get_logger(__name__)


class BackfillTask:
    """Runs in the background from a start on: accepts messages that were missed, and removes orphaned placeholders.

    Slack repeats an event for about an hour; a hub may have been away for longer.
    """

    def __init__(
        self, around: Surroundings, account: str, cache: WriteBehindCache, streams: Streams, requests: EmojiRequests
    ) -> None:
        self._requests = requests
        self._around = around
        self._account = account
        self._cache = cache
        self._streams = streams

    async def run(self, workspaces: Workspaces, reader: Reader, sink: InboundSink) -> None:
        """Backfill once, then sweep whenever a placeholder may be orphaned, until cancelled."""
        with contextlib.suppress(StoreUnavailable):
            await workspaces.installations()  # seals what stands in clear
        await self._until_done(workspaces, reader, sink)
        while True:
            try:
                await self._streams.abandoned.sweep(workspaces)
                await self._streams.placeholders.sweep(workspaces)
            except HubError as error:
                _log.warning("slack.not_swept", error=error.detail)
            except Exception:
                _log.exception("slack.sweep_failed")
            await self._streams.placeholders.doubted()

    async def once(self, workspaces: Workspaces, reader: Reader, sink: InboundSink) -> int | None:
        """The number of new messages; None where another process holds the lease, also one that was killed: try again."""
        around, name = self._around, f"slack:{self._account}:catch-up"
        if not await around.leases.hold(name, around.process, _LEASE):
            return None
        try:
            reception = Reception(self._cache, around.deliveries, self._account, self._requests.modes)
            reception.open(sink)
            return await CatchUp(around, self._account, workspaces, reception, self._requests).run(reader)
        finally:
            with contextlib.suppress(StoreUnavailable):
                await around.leases.let_go(name, around.process)

    async def _until_done(self, workspaces: Workspaces, reader: Reader, sink: InboundSink) -> None:
        for pause in _AGAIN:
            try:
                found = await self.once(workspaces, reader, sink)
            except HubError as error:
                _log.warning("slack.not_caught_up", error=error.detail)
            except Exception:
                _log.exception("slack.catch_up_failed")
            else:
                if found is not None:
                    _log.info("slack.caught_up", messages=found)
                    return
            await self._around.clock.sleep(pause)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """Goes through the places that were seen before, each from the last message that is known there."""

    around: Surroundings
    account: str
    workspaces: Workspaces
    reception: Reception
    requests: EmojiRequests

    async def run(self, reader: Reader) -> int:
        """How many messages were new. A place that cannot be read keeps no other waiting.

        Raises StoreUnavailable; and Unreachable, in the end, where it may be read another time.
        """
        new, left = 0, None
        for kind in ("heard/", "seen/"):  # what began meanwhile may have replies already
            for place, since in await self._places(kind):
                try:
                    new += await self._patiently(reader, place, since)
                except ChannelError as error:
                    _log.warning("slack.not_caught_up", place=str(place), error=error.detail)
                    left = error if isinstance(error, Unreachable) else left
        if left is not None:
            raise left
        return new

    async def _places(self, kind: str) -> list[tuple[Place, str]]:
        found, now = [], self.around.clock.now()
        for key, value in (await self.around.memory.recall_all(CHANNEL, self.account, kind, limit=_MOST)).items():
            place, since = Place.of(key.removeprefix(kind)), str(json.loads(value)["ts"])
            if place.thread_ts is None or now - time_of(since) < _LIVELY:
                found.append((place, since))
        return found

    async def _patiently(self, reader: Reader, place: Place, since: str) -> int:
        """Slack lets some apps read once a minute only."""
        for _ in range(_TRIES):
            try:
                return await self._read(reader, place, since)
            except RateLimited as error:
                await self.around.clock.sleep(min(error.retry_after, _LONGEST_PAUSE))
        return await self._read(reader, place, since)

    async def _read(self, reader: Reader, place: Place, since: str) -> int:
        """A thread, somebody's direct messages, or a whole channel, of which only the first messages of threads count."""
        team, whole = place.team, place.thread_ts is None and not place.direct
        client = await self.workspaces.client(team)
        own = await self.workspaces.bot_user(team)
        if own is None:
            raise Unreachable("Slack does not say who the app is, so that nobody can tell what is said to it.")
        channel = await client.open_direct(place.channel) if place.person else place.channel
        marks = whole and self.requests.heard_at(channel)
        earliest = f"{float(since) - _MARKED_LATE:.6f}" if marks else since
        found = [one async for one in _messages(client, channel, place, earliest)]
        about: Json = {"channel": channel}
        if found and not place.direct:
            about = await self.requests.colleagues.meet(self.workspaces, team, channel, found)
        new = 0
        for message in sorted(found, key=lambda one: time_of(str(one.get("ts")))):
            if whole and message.get("thread_ts") not in (None, message.get("ts")):
                continue
            marked = marks and await self.requests.were_made(self.workspaces, team, channel, message, own)
            if not marked and time_of(str(message.get("ts"))) <= time_of(since):
                continue
            try:
                heard = {**message, **about}
                events = (
                    customers_words(reader, asked(heard), team, own) if marked else reader.message(heard, team, own=own)
                )
            except InvalidInput as error:
                _log.warning("slack.not_understood", error=error.detail)
                continue
            accepted = await self.reception.take(events, None, addressed=marked or mentions_app(message, own))
            new += sum(1 for one in accepted if not one.duplicate)
        return new


async def _messages(client: SlackClient, channel: str, place: Place, since: str) -> AsyncIterator[Posted]:
    async for page in client.messages(channel, place.thread_ts, oldest=since):
        for message in page:
            if time_of(str(message.get("ts"))) > time_of(since):
                yield message
