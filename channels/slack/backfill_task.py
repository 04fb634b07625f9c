"""Runs in the background from a start on: accepts messages that were missed, and removes orphaned placeholders."""

from __future__ import annotations

import contextlib

import structlog

from channels.slack.catch_up import CatchUp
from channels.slack.parse import Reader
from channels.slack.reception import Reception
from channels.slack.streams import Streams
from channels.slack.workspaces import Workspaces
from channels.write_behind import WriteBehindCache
from core.domain.errors import HubError, StoreUnavailable
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

_LEASE = 120.0
_AGAIN = (5.0, 30.0, 120.0, 600.0)
_log = structlog.get_logger(__name__)


class BackfillTask:
    """Slack repeats an event for about an hour; a hub may have been away for longer."""

    def __init__(self, around: Surroundings, account: str, cache: WriteBehindCache, streams: Streams) -> None:
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
            reception = Reception(self._cache, around.deliveries, self._account)
            reception.open(sink)
            return await CatchUp(around.memory, self._account, workspaces, reception, around.clock).run(reader)
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
