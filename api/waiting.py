"""``/api/waiting``: the customers who wait for a person, for the people who look after them."""

from __future__ import annotations

from aiohttp import web

from api import schemas as s
from api.body import read_limit
from api.operator_access import OperatorAccess
from core.domain.errors import NotFound
from core.ports.cases import WaitingCustomer
from handoff.waits.requests import Requests

_LIMIT = 100
_FRESH = {"Cache-Control": "no-store"}


def waiting_routes(requests: Requests, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: they are customers' names, addresses and words."""

    @operators.guard
    async def listed(request: web.Request) -> web.Response:
        limit = read_limit(request.query.get("limit"), _LIMIT)
        found = [waiting_shown(one) for one in await requests.waiting(limit)]
        return web.json_response(text=s.Waiting(waiting=found).model_dump_json(), headers=_FRESH)

    @operators.guard
    async def done(request: web.Request) -> web.Response:
        if not await requests.mark_done(request.match_info["id"]):
            raise NotFound("Nobody waits under that id: somebody has taken the conversation, or it was done before.")
        return web.Response(status=204, headers=_FRESH)

    return [web.get("/api/waiting", listed), web.post("/api/waiting/{id}/done", done)]


def waiting_shown(one: WaitingCustomer) -> s.WaitingCustomer:
    """As JSON has it, over HTTP and from the command."""
    return s.WaitingCustomer(
        id=one.id,
        since=one.since.isoformat(),
        channel=one.channel,
        name=one.name,
        email=one.email,
        phone=one.phone,
        address=one.address,
        reason=one.reason,
        last_words=one.last_words,
    )
