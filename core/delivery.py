"""Says what the outbox holds: one lane per channel account, so that one broken provider holds up nobody else."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import structlog

from core.delivery_attempt import DeliverySettings, report
from core.delivery_lane import Lane
from core.domain.correlation import correlated
from core.domain.delivery import DeliveryStatus
from core.domain.errors import StoreUnavailable
from core.ports.channel import Channel, SupportsEventLog
from core.ports.clock import Clock
from core.ports.lanes import LaneOffer, LaneStatus, LoggedDelivery
from core.ports.metrics import Gauge, Metrics
from core.ports.store import Delivery, Outbox, Settlement
from core.ports.wake import Wake

__all__ = ["DeliveryService", "DeliverySettings"]

log = structlog.get_logger(__name__)


class DeliveryService:
    """All lanes of a process."""

    def __init__(
        self,
        channels: list[Channel],
        outbox: Outbox,
        wake: Wake,
        clock: Clock,
        metrics: Metrics,
        settings: DeliverySettings,
        *,
        rng: random.Random | None = None,
    ) -> None:
        shared = rng or random.Random()  # noqa: S311 - spreads retries, guards nothing
        self._outbox = outbox
        self._metrics = metrics
        self._logs = {(one.name, one.account): one for one in channels if isinstance(one, SupportsEventLog)}
        self._settings = settings
        self._sweeper: asyncio.Task[None] | None = None
        self._lanes = {
            (one.name, one.account): Lane(one, outbox, wake, clock, metrics, settings, shared) for one in channels
        }

    async def start(self) -> None:
        """Start every lane."""
        for lane in self._lanes.values():
            await lane.start()
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self, grace: float = 10.0) -> None:
        """Stop every lane; returns when what was being sent is settled."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.wait({self._sweeper}, timeout=grace)
        await asyncio.gather(*(lane.stop(grace) for lane in self._lanes.values()))

    async def _sweep(self) -> None:
        """No lane looks at an account that is not set up any more. The lanes try first what an outage left behind."""
        while True:
            await asyncio.sleep(self._settings.sweep)
            try:
                buried = await self._outbox.bury_stale(self._settings.give_up_after, self._lanes.keys())
            except StoreUnavailable as error:
                log.warning("delivery.sweep_failed", error=error.detail)
            except Exception:  # whatever it is, the next sweep may succeed
                log.exception("delivery.sweep_failed")
            else:
                if buried:
                    log.error("delivery.buried", deliveries=buried)

    def offers(self) -> Sequence[LaneOffer]:
        """The lanes that can send at once. A lane that is paused, full or stopping is not among them."""
        return [offer for lane in self._lanes.values() if (offer := lane.offer()) is not None]

    def take(self, offers: Sequence[LaneOffer], deliveries: Sequence[Delivery]) -> None:
        """Send these deliveries, which a commit has taken for one of the ``offers``."""
        until = {(offer.channel, offer.account): offer.deadline for offer in offers}
        for delivery in deliveries:
            home = delivery.message.conversation
            self._lanes[home.channel, home.account].begin(delivery, until[home.channel, home.account])

    def logged(self, deliveries: Sequence[LoggedDelivery]) -> None:
        """Show to who listens what a commit has sent."""
        for done in deliveries:
            delivery, home = done.delivery, done.delivery.message.conversation
            with correlated(delivery.message.meta.get("correlation_id")):
                report(
                    self._metrics, home.channel, delivery, Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)
                )
            self._metrics.gauge(Gauge.CHANNEL_UP, 1, channel=home.channel)
            self._logs[home.channel, home.account].logged(delivery.conversation_id, done.frames)

    def statuses(self) -> list[LaneStatus]:
        """For ``/health/channels``."""
        return [lane.status for lane in self._lanes.values()]
