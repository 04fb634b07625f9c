"""``/metrics`` for Prometheus, and the :class:`core.ports.metrics.Metrics` behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import prometheus_client as prometheus
import structlog
from aiohttp import web
from prometheus_client.exposition import choose_encoder

from api.metric_catalogue import (
    BACKLOG,
    BACKLOG_HELP,
    COUNTERS,
    GAUGES,
    STORE_UP,
    STORE_UP_HELP,
    TIMINGS,
    Description,
)
from api.operator_access import OperatorAccess
from core.domain.errors import HubError
from core.ports.metrics import Counter, Gauge, Timing
from core.ports.retriever import Retriever
from core.ports.store import Records

_log = structlog.get_logger(__name__)
_PATIENCE = 2.0
_DESCRIBED: dict[str, Description] = dict([*COUNTERS.items(), *TIMINGS.items(), *GAUGES.items()])


class PrometheusMetrics:
    """Its own registry, so that two hubs in one process (tests) do not add up. Wrong labels are logged, never raised."""

    def __init__(self) -> None:
        self.registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self.registry)
        prometheus.PlatformCollector(registry=self.registry)
        prometheus.GCCollector(registry=self.registry)
        self._metrics: dict[str, Any] = {
            key: self._new(prometheus.Counter, key, text) for key, text in COUNTERS.items()
        }
        self._metrics |= {
            key: self._new(prometheus.Histogram, f"{key}_seconds", text, buckets=text.buckets)
            for key, text in TIMINGS.items()
        }
        self._metrics |= {key: self._new(prometheus.Gauge, key, text) for key, text in GAUGES.items()}
        self._backlog = prometheus.Gauge(BACKLOG, BACKLOG_HELP, ("kind",), registry=self.registry)
        self._store_up = prometheus.Gauge(STORE_UP, STORE_UP_HELP, registry=self.registry)
        self._labelled: dict[tuple[object, ...], Any] = {}

    def count(self, counter: Counter, amount: float = 1.0, **labels: str) -> None:
        self._metric(counter, labels).inc(amount)

    def observe(self, timing: Timing, seconds: float, **labels: str) -> None:
        self._metric(timing, labels).observe(seconds)

    def gauge(self, gauge: Gauge, value: float, **labels: str) -> None:
        self._metric(gauge, labels).set(value)

    def backlog(self, counts: Mapping[str, int] | None) -> None:
        """What the database counted; None when it did not answer: then no stale number is shown either."""
        self._backlog.clear()
        self._store_up.set(0 if counts is None else 1)
        for kind, value in (counts or {}).items():
            self._backlog.labels(kind).set(value)

    def _new(self, kind: Any, name: str, text: Description, **options: Any) -> Any:
        return kind(f"switchboard_{name}", text.help, text.labels, registry=self.registry, **options)

    def _metric(self, key: str, labels: Mapping[str, str]) -> Any:
        """The metric with its labels. A forgotten label is empty; an unknown one is logged when it is first used."""
        wanted = (key, *labels.items())
        if (known := self._labelled.get(wanted)) is not None:
            return known
        metric = self._metrics[key]
        names = _DESCRIBED[key].labels
        if unknown := labels.keys() - set(names):
            _log.error("metric.unknown_labels", metric=key, labels=sorted(unknown))
        chosen = [str(labels.get(name, "")) for name in names]
        found = self._labelled[wanted] = metric.labels(*chosen) if chosen else metric
        return found


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
        return web.Response(body=encode(metrics.registry), headers={"Content-Type": content_type})

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
