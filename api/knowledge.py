"""``/api/knowledge``: how fresh each source is, and having it read again, for the people who look after it."""

from __future__ import annotations

from aiohttp import web

from api import knowledge_schemas as s
from api.body import read_model
from api.operator_access import OperatorAccess
from api.status_shown import status_shown
from core.ports.jobs import Freshness

STATUS = "/api/knowledge/status"
_FRESH = {"Cache-Control": "no-store"}


def knowledge_routes(freshness: Freshness, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: the names of sources may say what is for staff."""

    @operators.guard
    async def status(_request: web.Request) -> web.Response:
        shown = status_shown(await freshness.statuses(), freshness.zone)
        return web.json_response(text=shown.model_dump_json(), headers=_FRESH)

    @operators.guard
    async def reindex(request: web.Request) -> web.Response:
        wanted = await read_model(request, s.ReindexRequest)
        asked = await freshness.ask(wanted.source)
        accepted = s.ReindexAccepted(sources=list(asked or ()), status=STATUS)
        return web.json_response(text=accepted.model_dump_json(), status=202, headers={**_FRESH, "Location": STATUS})

    return [web.get(STATUS, status), web.post("/api/knowledge/reindex", reindex)]
