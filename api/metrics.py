"""``/metrics`` for Prometheus, and the :class:`core.ports.metrics.Metrics` behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import prometheus_client as prometheus
import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client.exposition import choose_encoder

from api.metric_catalogue import (
    BACKLOG,
    BACKLOG_HELP,
    COUNTERS,
    GAUGES,
    STORE_UP,
    STORE_UP_HELP,
    TIMINGS,
)
from api.operator_access import OperatorAccess
from core.domain.errors import HubError
from core.ports.metrics import Counter, Gauge, Timing
from core.ports.retriever import Retriever
from core.ports.store import Records

_log = structlog.get_logger(__name__)
_PATIENCE = 2.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PrometheusMetrics:
    """Its own registry, so that two hubs in one process (tests) do not add up. Wrong labels are logged, never raised."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.PlatformCollector(registry=self.registry)
        prometheus.GCCollector(registry=self.registry)
        self._counters = {
            key: prometheus.Counter(f"switchboard_{key}", text.help, text.labels, registry=self.registry)
            for key, text in COUNTERS.items()
        }
        self._timings = {
            key: prometheus.Histogram(
                f"switchboard_{key}_seconds", text.help, text.labels, buckets=text.buckets, registry=self.registry
            )
            for key, text in TIMINGS.items()
        }
        self._gauges = {
            key: prometheus.Gauge(f"switchboard_{key}", text.help, text.labels, registry=self.registry)
            for key, text in GAUGES.items()
        }
        self._backlog = prometheus.Gauge(BACKLOG, BACKLOG_HELP, ("kind",), registry=self.registry)
        self._store_up = prometheus.Gauge(STORE_UP, STORE_UP_HELP, registry=self.registry)

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        """See the port."""
        chosen = _fit(COUNTERS[counter].labels, labels, counter)
        metric = self._counters[counter]
        (metric.labels(*chosen) if chosen else metric).inc(amount)

    def observe(self, timing: Timing, seconds: float, **labels: str) -> None:
        """See the port."""
        chosen = _fit(TIMINGS[timing].labels, labels, timing)
        metric = self._timings[timing]
        (metric.labels(*chosen) if chosen else metric).observe(seconds)

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None:
        """See the port."""
        chosen = _fit(GAUGES[gauge].labels, labels, gauge)
        metric = self._gauges[gauge]
        (metric.labels(*chosen) if chosen else metric).set(value)

    def backlog(self, counts: Mapping[str, int] | None) -> None:
        """What the database counted; None when it did not answer: then no stale number is shown either."""
        self._backlog.clear()
        self._store_up.set(0 if counts is None else 1)
        for kind, value in (counts or {}).items():
            self._backlog.labels(kind).set(value)


def _fit(names: tuple[str, ...], labels: Mapping[str, str], metric: str) -> tuple[str, ...]:
    """A label that was forgotten is empty; one that the catalogue does not know is left out and told once in the log."""
    if unknown := labels.keys() - set(names):
        _log.error("metric.unknown_labels", metric=metric, labels=sorted(unknown))
    return tuple(str(labels.get(name, "")) for name in names)


def metric_routes(
    metrics: PrometheusMetrics, records: Records, retriever: Retriever, operators: OperatorAccess
) -> list[web.RouteDef]:
    """``GET /metrics``, for operators only."""

    @operators.guard
    async def scrape(request: web.Request) -> web.Response:
        counts, ready = await asyncio.gather(_counts(records), _ready(retriever))
        metrics.backlog(counts)
        metrics.gauge(Gauge.KNOWLEDGE_READY, ready)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(
            body=encode(metrics.registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"}
        )

    return [web.get("/metrics", scrape, allow_head=False)]


async def _counts(records: Records) -> Mapping[str, int] | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await records.counts()
    except (HubError, TimeoutError) as error:
        _log.warning("metrics.store_unavailable", reason=type(error).__name__)
        return None


async def _ready(retriever: Retriever) -> bool:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await retriever.ready()
    except (HubError, TimeoutError):
        return False


def measure_requests(metrics: PrometheusMetrics) -> Middleware:
    """Middleware that counts and times requests by route template, so that ids never become labels."""

    @web.middleware
    async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
        started, status = time.perf_counter(), 500
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            route = _route(request)
            metrics.count(Counter.HTTP_REQUESTS, method=request.method, route=route, status=str(status))
            if status != HTTPStatus.SWITCHING_PROTOCOLS:
                metrics.observe(Timing.HTTP_REQUEST, time.perf_counter() - started, method=request.method, route=route)
        return response

    return measured


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unmatched"
