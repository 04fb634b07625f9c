"""The health checks of a hub's parts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from api.health import Check, Finding, HealthStatus
from config.cache_check import ping_cache
from core.ports.channel import SupportsAlarm

if TYPE_CHECKING:
    from config.hub import Hub


class HealthChecks:
    """Asked again for each answer."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def by_part(self) -> Mapping[str, Check]:
        """The checks by the names of ``api.health.PARTS``."""
        checks: dict[str, Check] = {"db": self._check_db, "channels": self._check_channels, "disk": self._check_disk}
        if self._hub.works:
            checks["vectors"] = self._check_vectors
        if self._hub.settings.redis_url:
            checks["cache"] = partial(ping_cache, self._hub.settings.redis_url)
        return checks

    async def _check_db(self) -> Finding | None:
        await self._hub.store.ping()
        troubles = {
            "waiting conversations that cannot be read": await self._hub.store.unreadable(),
            "conversations in which every turn fails": await self._hub.store.failing(),
        }
        told = [f"{what}: {number}" for what, number in troubles.items() if number]
        return Finding(HealthStatus.DEGRADED, f"{', '.join(told)}; the log says why") if told else None

    async def _check_vectors(self) -> Finding:
        state = self._hub.knowledge.health()
        if self._hub.indexing.idle_without_sources:
            return Finding(detail="no sources")
        fine = state.ready and state.measured
        return Finding(HealthStatus.OK if fine else HealthStatus.DEGRADED, state.summary)

    async def _check_channels(self) -> Finding:
        found = {
            lane.channel: HealthStatus.DEGRADED if lane.paused else HealthStatus.OK
            for lane in self._hub.delivery.statuses()
        }
        troubles = {
            lane.channel: "the provider refuses our credentials"
            for lane in self._hub.delivery.statuses()
            if lane.paused
        }
        for name, channel in self._hub.channels.items():
            if isinstance(channel, SupportsAlarm) and channel.alarm is not None:
                found[name] = HealthStatus.DEGRADED
                troubles[name] = channel.alarm  # what it knows itself says more
        if not troubles:
            return Finding(parts=found)
        cause = "; ".join(f"{name}: {trouble}" for name, trouble in sorted(troubles.items()))
        return Finding(HealthStatus.DEGRADED, cause, found)

    async def _check_disk(self) -> Finding | None:
        trouble = await self._hub.disk.trouble(self._hub.settings.max_attachment_bytes)
        return None if trouble is None else Finding(HealthStatus.DEGRADED, trouble)
