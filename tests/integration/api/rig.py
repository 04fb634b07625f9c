"""The real application on a real port; the store and the retriever are scripted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from api.app import Operations, build_app
from api.health import Finding, Health
from api.metrics import PrometheusMetrics
from api.operator_access import OperatorAccess
from core.domain.errors import StoreUnavailable
from core.domain.knowledge import KnowledgeAudience, Passage, Retrieval
from core.ports.gaps import GapBook
from core.ports.jobs import Freshness
from core.ports.store import Records
from handoff.waits.requests import Requests

TOKEN = "right-token"
AS_OPERATOR = {"Authorization": f"Bearer {TOKEN}"}


class Database:
    """What operator routes ask of the store. ``down`` makes it fail, ``stuck`` makes it hang."""

    down = False
    stuck = False

    async def counts(self) -> Mapping[str, int]:
        """Scripted depths."""
        await self.ping()
        return {"pending": 3, "dead": 1}

    async def ping(self) -> None:
        """As the store's."""
        if self.stuck:
            await asyncio.Event().wait()
        if self.down:
            raise StoreUnavailable("postgresql://hub:hunter22@db refused")


class Library:
    """A knowledge base of one passage."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, str | None, str | None]] = []
        self.error: Exception | None = None

    async def retrieve(
        self,
        query: str,
        *,
        limit: int = 5,
        category: str | None = None,
        language: str | None = None,
        audience: KnowledgeAudience = KnowledgeAudience.PUBLIC,
    ) -> Retrieval:
        """Always the same passage."""
        self.asked.append((query, limit, category, language))
        if self.error:
            raise self.error
        passage = Passage(
            *("p1", "d1", "Passwords", "Click Forgot password.", "faq.json", 0.91),
            section="Account",
            category="Account",
        )
        return Retrieval((passage,), 0.45)

    async def ready(self) -> bool:
        """Always."""
        return True


@dataclass
class Rig:
    """A served application and a client for it."""

    url: str
    app: web.Application
    http: aiohttp.ClientSession
    health: Health
    metrics: PrometheusMetrics
    database: Database
    library: Library


@asynccontextmanager
async def serve(
    routes: Iterable[web.AbstractRouteDef] = (),
    *,
    operators: OperatorAccess | None = None,
    gaps: GapBook | None = None,
    freshness: Freshness | None = None,
    channels: Finding | None = None,
    requests: object = None,
) -> AsyncIterator[Rig]:
    """On a free port of the loopback. The client sends the operator token with every request."""
    database, library, metrics = Database(), Library(), PrometheusMetrics()

    async def check_channels() -> Finding | None:
        return channels

    health = Health({"db": database.ping, "channels": check_channels}, version="1.2.3")
    book = gaps or cast(GapBook, None)
    access = operators or OperatorAccess(TOKEN, metrics=metrics)
    operations = Operations(
        health, metrics, cast(Records, database), library, book, access, cast(Requests, requests), freshness
    )
    app = build_app(operations, routes)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    async with aiohttp.ClientSession(headers=AS_OPERATOR) as http:
        yield Rig(str(server.make_url("")).rstrip("/"), app, http, health, metrics, database, library)
    await health.close()
    await server.close()
