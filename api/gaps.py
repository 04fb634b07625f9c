"""``/api/gaps``: what customers ask and the knowledge does not answer, for the people who look after it."""

from __future__ import annotations

from aiohttp import web

from api import schemas as s
from api.body import read_limit, read_model
from api.operator_access import OperatorAccess
from core.domain.errors import NotFound
from core.domain.gaps import GapCluster
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


def gap_shown(one: GapCluster) -> s.Gap:
    """As JSON has it, over HTTP and from the command."""
    return s.Gap(
        id=one.id,
        count=one.count,
        example=one.example,
        first_at=one.first_at.isoformat(),
        last_at=one.last_at.isoformat(),
        languages=list(one.languages),
        counts={why.value: count for why, count in one.counts.items()},
        nearest=s.NearestDocument(title=one.nearest.title, score=one.nearest.score, url=one.nearest.url)
        if one.nearest
        else None,
        closed_at=one.closed_at.isoformat() if one.closed_at else None,
        answer=one.answer or None,
        staff=[
            s.StaffDid(case=did.case, resolved=did.resolved, proposed=did.proposed, learned=did.learned)
            for did in one.staff
        ],
    )
