"""Whether the hub works, for orchestrators and for people. No answer takes longer than two seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import structlog
from aiohttp import web

from channels.web.access import IsOperator, nobody
from core.domain.errors import NotFound

_log = structlog.get_logger(__name__)
_PATIENCE = 1.8
PARTS = ("db", "vectors", "cache", "channels", "disk")


class HealthStatus(StrEnum):
    """degraded: something is missing that customers can do without for a while."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found. Only operators are told ``detail`` and ``parts``, such as each channel."""

    status: HealthStatus = HealthStatus.OK
    detail: str | None = None
    parts: Mapping[str, HealthStatus] = field(default_factory=dict)


Check = Callable[[], Awaitable[Finding | None]]


@dataclass(frozen=True, slots=True)
class Timed:
    """A finding and the milliseconds it took."""

    finding: Finding
    latency: float

    def as_json(self, *, for_operator: bool = False) -> dict[str, Any]:
        """As served."""
        body: dict[str, Any] = {"status": self.finding.status, "latency_ms": round(self.latency, 1)}
        if for_operator and self.finding.detail:
            body["detail"] = self.finding.detail
        if for_operator and self.finding.parts:
            body["parts"] = dict(self.finding.parts)
        return body


class Health:
    """``checks`` by part: a check returns None or a Finding, or raises, which means down.

    Only ``db`` decides about readiness: without the other parts messages are still accepted and kept.
    """

    def __init__(self, checks: Mapping[str, Check], *, version: str) -> None:
        self._checks = dict(checks)
        self._version = version
        self._running: dict[str, asyncio.Task[Finding]] = {}
        self._stopping = False
        self._is_operator: IsOperator = nobody

    def stop(self) -> None:
        """From now on not ready, so that a load balancer sends nothing new while the rest is finished."""
        self._stopping = True

    async def part(self, name: str) -> Timed:
        """One check, run once however many ask at the same time. Raises NotFound for a part that does not exist."""
        if name not in PARTS:
            raise NotFound(f"There is no health check “{name}”. There are: live, ready, {', '.join(PARTS)}.")
        if name not in self._checks:
            return Timed(Finding(detail="not configured"), 0.0)
        started = time.perf_counter()
        task = self._running.get(name)
        if task is None:
            task = asyncio.create_task(self._run(name), name=f"health {name}")
            self._running[name] = task
            task.add_done_callback(lambda _: self._running.pop(name, None))
        done, _ = await asyncio.wait({task}, timeout=_PATIENCE)
        finding = task.result() if done else Finding(HealthStatus.DOWN, f"no answer within {_PATIENCE} s")
        return Timed(finding, (time.perf_counter() - started) * 1000)

    async def overall(self) -> tuple[HealthStatus, dict[str, Timed]]:
        """All parts at once. Down only when the database is: everything else is degraded."""
        found = dict(zip(PARTS, await asyncio.gather(*(self.part(name) for name in PARTS)), strict=True))
        if found["db"].finding.status is HealthStatus.DOWN:
            return HealthStatus.DOWN, found
        well = all(timed.finding.status is HealthStatus.OK for timed in found.values())
        return (HealthStatus.OK if well and not self._stopping else HealthStatus.DEGRADED), found

    async def close(self) -> None:
        """End checks that still run."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def routes(self, is_operator: IsOperator = nobody) -> list[web.RouteDef]:
        """Public, since orchestrators hold no token. Only operators are told details and the version."""
        self._is_operator = is_operator
        return [
            web.get("/health", self._serve_overall),
            web.get("/health/live", self._serve_live),
            web.get("/health/ready", self._serve_ready),
            web.get("/health/{part}", self._serve_part),
        ]

    async def _run(self, name: str) -> Finding:
        try:
            return await self._checks[name]() or Finding()
        except Exception as error:  # whatever a check raises means that its part does not work
            _log.warning("health.down", part=name, error=str(error) or type(error).__name__)
            return Finding(HealthStatus.DOWN, type(error).__name__)

    async def _serve_overall(self, request: web.Request) -> web.Response:
        status, found = await self.overall()
        for_operator = self._is_operator(request)
        body = {
            "status": status,
            **({"version": self._version} if for_operator else {}),
            "stopping": self._stopping,
            "checks": {name: timed.as_json(for_operator=for_operator) for name, timed in found.items()},
        }
        return _answer(body, down=status is HealthStatus.DOWN)

    async def _serve_live(self, _request: web.Request) -> web.Response:
        """That this line runs is the proof: the process is up and its event loop turns."""
        return _answer({"status": HealthStatus.OK})

    async def _serve_ready(self, request: web.Request) -> web.Response:
        if self._stopping:
            return _answer({"status": HealthStatus.DOWN, "detail": "stopping"}, down=True)
        database = await self.part("db")
        down = database.finding.status is HealthStatus.DOWN
        shown = database.as_json(for_operator=self._is_operator(request))
        return _answer({"status": HealthStatus.DOWN if down else HealthStatus.OK, "db": shown}, down=down)

    async def _serve_part(self, request: web.Request) -> web.Response:
        timed = await self.part(request.match_info["part"])
        return _answer(
            timed.as_json(for_operator=self._is_operator(request)), down=timed.finding.status is HealthStatus.DOWN
        )


def _answer(body: Mapping[str, Any], *, down: bool = False) -> web.Response:
    return web.json_response(dict(body), status=503 if down else 200)
