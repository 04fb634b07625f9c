"""Accepting what customers say: durable first, acknowledged afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from core.domain.capabilities import Capabilities
from core.domain.correlation import correlation_id, new_correlation_id
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.group_commit import GroupCommit
from core.ports.channel import Accepted, SupportsEventLog
from core.ports.metrics import Counter, Metrics, Timing
from core.ports.store import Acceptable, Inbox
from core.ports.wake import INBOX, WIDGET, Wake, grown_to

_REASON = 300
"""Characters. What a parser says may quote all that it was given, which is kept with the event, and has no place in a log."""

log = structlog.get_logger(__name__)


class Intake:
    """The sink of every channel. ``accept`` returns after one commit that holds all that arrived together.

    Killed on any line: before the commit nothing was acknowledged and the sender sends again; after it the dispatcher
    of any process finds the message, and the sender's repetition is recognised by its event key.

    ``ratings``: thumbs on answers are ratings. ``logs``: channels whose customers read the event log, by name.
    """

    def __init__(
        self,
        inbox: Inbox,
        wake: Wake,
        metrics: Metrics,
        capabilities: Mapping[str, Capabilities],
        *,
        ratings: bool = True,
        logs: Mapping[str, SupportsEventLog] | None = None,
        max_batch: int = 256,
        max_queue: int = 20_000,
    ) -> None:
        self._inbox = inbox
        self._wake = wake
        self._metrics = metrics
        self._capabilities = capabilities
        self._ratings = ratings
        self._logs = logs or {}
        self._group: GroupCommit[Acceptable, Accepted] = GroupCommit(
            self._commit, max_batch=max_batch, max_queue=max_queue
        )

    async def accept(self, events: Sequence[InboundEvent], raw: RawEvent | None = None) -> Sequence[Accepted]:
        """See InboundSink.accept. Raises what is wrong with one of them after the others were committed."""
        if not events:
            return []
        loop = asyncio.get_running_loop()
        began = loop.time()
        results = await self._group.submit_all([self._acceptable(event, raw) for event in events])
        failures = [result for result in results if isinstance(result, Exception)]
        if failures:
            raise failures[0]
        accepted = [result for result in results if not isinstance(result, Exception)]
        for channel in {event.key.channel for event in events}:
            self._metrics.observe(Timing.ACCEPT, loop.time() - began, channel=channel)
        return accepted

    async def quarantine(self, raw: RawEvent, reason: str) -> None:
        reason = reason[:_REASON]
        await self._inbox.quarantine(raw, reason)
        self._metrics.count(Counter.EVENTS_QUARANTINED, channel=raw.channel)
        log.error("event.quarantined", channel=raw.channel, account=raw.account, reason=reason, bytes=len(raw.body))

    async def drain(self) -> None:
        """Wait for the commits under way (graceful stop)."""
        await self._group.drain()

    def _acceptable(self, event: InboundEvent, raw: RawEvent | None) -> Acceptable:
        capabilities = self._capabilities[event.key.channel]
        is_in_album = isinstance(event, MessageReceived) and event.album is not None
        return Acceptable(
            event=event,
            raw=raw,
            in_log=capabilities.event_log,
            window=capabilities.album_window if is_in_album else 0.0,
            correlation=correlation_id() or new_correlation_id(),
            rates=self._ratings,
            follow_up=capabilities.follow_up,
        )

    async def _commit(self, items: Sequence[Acceptable]) -> Sequence[Accepted | Exception]:
        results = await self._inbox.accept(items)
        for item, result in zip(items, results, strict=True):
            if isinstance(result, Accepted):
                self._announce(item, result)
        return results

    def _announce(self, item: Acceptable, accepted: Accepted) -> None:
        channel = item.event.key.channel
        if accepted.duplicate:
            self._metrics.count(Counter.EVENTS_DUPLICATE, channel=channel)
            return
        self._metrics.count(Counter.EVENTS_ACCEPTED, channel=channel)
        if accepted.rating is not None:
            self._metrics.count(Counter.FEEDBACK, rating=accepted.rating)
        self._wake.notify(INBOX, grown_to(accepted.conversation_id, accepted.seq))
        if accepted.frame is not None and channel in self._logs:
            self._logs[channel].logged(accepted.conversation_id, [accepted.frame])
        elif accepted.cursor is not None:
            self._wake.notify(WIDGET, accepted.conversation_id)
        log.info(
            "message.accepted",
            channel=channel,
            conversation=accepted.conversation_id,
            seq=accepted.seq,
            correlation_id=item.correlation,
        )
