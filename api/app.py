"""The web application: middleware in its one right order, operator routes, and whatever routes the channels bring."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from api.docs_page import docs_routes
from api.health import Health
from api.metrics import PrometheusMetrics, metric_routes
from api.openapi import openapi_routes
from api.operator_access import OperatorAccess
from api.operator_routes import gap_routes, knowledge_routes, search_routes, waiting_routes
from api.problems import problems
from api.request_log import observe_requests
from api.response_headers import add_headers
from core.ports.gaps import GapBook
from core.ports.jobs import Freshness
from core.ports.retriever import Retriever
from core.ports.store import Records
from handoff.waits.requests import Requests


@dataclass(frozen=True, slots=True)
class Operations:
    """What the operator routes need."""

    health: Health
    metrics: PrometheusMetrics
    records: Records
    retriever: Retriever
    gaps: GapBook
    operators: OperatorAccess
    requests: Requests
    freshness: Freshness | None = None


def build_app(
    operations: Operations, channel_routes: Iterable[web.AbstractRouteDef], *, max_body: int = 1024 * 1024
) -> web.Application:
    """Id, log line and count outside, then problem documents: so each of them sees what the caller sees.

    ``max_body`` bounds what operator routes read; the channels bound their own bodies and stream their uploads.
    """
    app = web.Application(middlewares=[observe_requests(operations.metrics), problems], client_max_size=max_body)
    app.on_response_prepare.append(add_headers)
    app.add_routes(operations.health.routes(operations.operators.allows))
    app.add_routes(metric_routes(operations.metrics, operations.records, operations.retriever, operations.operators))
    app.add_routes(search_routes(operations.retriever, operations.operators))
    app.add_routes(gap_routes(operations.gaps, operations.operators))
    app.add_routes(waiting_routes(operations.requests, operations.operators))
    if operations.freshness is not None:
        app.add_routes(knowledge_routes(operations.freshness, operations.operators))
    app.add_routes(openapi_routes())
    app.add_routes(docs_routes())
    app.add_routes(channel_routes)
    return app
