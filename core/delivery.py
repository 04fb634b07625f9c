"""Says what the outbox holds: one lane per channel account, so that one broken provider holds up nobody else."""

from __future__ import annotations

import asyncio
import random

from core.delivery_lane import Lane, LaneStatus
from core.delivery_settings import DeliverySettings
from core.ports.channel import Channel
from core.ports.clock import Clock
from core.ports.metrics import Metrics
from core.ports.store import Outbox
from core.ports.wake import Wake

__all__ = ["DeliveryService", "DeliverySettings"]


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
        self._lanes = [Lane(channel, outbox, wake, clock, metrics, settings, shared) for channel in channels]

    async def start(self) -> None:
        """Start every lane."""
        for lane in self._lanes:
            await lane.start()

    async def stop(self, grace: float = 10.0) -> None:
        """Stop every lane; returns when what was being sent is settled."""
        await asyncio.gather(*(lane.stop(grace) for lane in self._lanes))

    def statuses(self) -> list[LaneStatus]:
        """For ``/health/channels``."""
        return [lane.status for lane in self._lanes]
