"""``/api/gaps``: what customers ask and the knowledge does not answer, for the people who look after it."""

from __future__ import annotations

from aiohttp import web

from api import schemas as s
from api.body import read_limit, read_model
from api.gap_shown import gap_shown
from api.operator_access import OperatorAccess
from core.domain.errors import NotFound
from core.ports.gaps import GapBook

_LIMIT = 100
_FRESH = {"Cache-Control": "no-store"}


def gap_routes(gaps: GapBook, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: they are questions of customers."""

    @operators.guard
    async def listed(request: web.Request) -> web.Response:
        query = request.query
        limit = read_limit(query.get("limit"), _LIMIT)
        report = await gaps.report(query.get("since") or None, closed=query.get("closed") == "1")
        shown = [gap_shown(one) for one in report.clusters[:limit]]
        answer = s.Gaps(gaps=shown, by_words=report.by_words, more=len(report.clusters) - len(shown))
        return web.json_response(text=answer.model_dump_json(), headers=_FRESH)

    @operators.guard
    async def close(request: web.Request) -> web.Response:
        wanted = await read_model(request, s.GapClosing)
        if not await gaps.close(request.match_info["id"], wanted.answer):
            raise NotFound("There are no such questions.")
        return web.Response(status=204, headers=_FRESH)

    return [web.get("/api/gaps", listed), web.post("/api/gaps/{id}/close", close)]
