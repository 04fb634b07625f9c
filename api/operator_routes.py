"""Routes for the people who look after the hub: search, gaps, who waits, and how fresh the knowledge is."""

from __future__ import annotations

import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from api import operator_schemas as s
from api.operator_access import OperatorAccess
from core.domain.errors import InvalidInput, KnowledgeUnavailable, NotFound, Overloaded
from core.ports.gaps import GapBook
from core.ports.jobs import Freshness
from core.ports.retriever import Retriever
from handoff.waits.requests import Requests

STATUS = "/api/knowledge/status"
_LIMIT = 100
_LOADING = 5.0
_SHOWN = 5
_MOST = 1_000

Model = TypeVar("Model", bound=BaseModel)


def search_routes(retriever: Retriever, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: results include passages that no answer would use."""

    @operators.guard
    async def search(request: web.Request) -> web.Response:
        wanted = await _read_model(request, s.SearchQuery)
        filters = wanted.filters
        try:
            found = await retriever.retrieve(
                wanted.query, limit=wanted.limit, category=filters.category, language=filters.language
            )
        except KnowledgeUnavailable as error:
            said = f"The knowledge base cannot be searched yet: {error.detail}"
            raise Overloaded(said, retry_after=_LOADING) from error
        return _json(s.SearchResults(results=list(map(s.Found.of, found.passages)), threshold=found.threshold))

    return [web.post("/api/search", search)]


def gap_routes(gaps: GapBook, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: they are questions of customers."""

    @operators.guard
    async def listed(request: web.Request) -> web.Response:
        query = request.query
        limit = _read_limit(query.get("limit"), _LIMIT)
        report = await gaps.report(query.get("since") or None, closed=query.get("closed") == "1")
        shown = [s.Gap.model_validate(one) for one in report.clusters[:limit]]
        return _json(s.Gaps(gaps=shown, by_words=report.by_words, more=len(report.clusters) - len(shown)))

    @operators.guard
    async def close(request: web.Request) -> web.Response:
        wanted = await _read_model(request, s.GapClosing)
        if not await gaps.close(request.match_info["id"], wanted.answer):
            raise NotFound("There are no such questions.")
        return web.Response(status=204)

    return [web.get("/api/gaps", listed), web.post("/api/gaps/{id}/close", close)]


def waiting_routes(requests: Requests, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: they are customers' names, addresses and words."""

    @operators.guard
    async def listed(request: web.Request) -> web.Response:
        found = await requests.waiting(_read_limit(request.query.get("limit"), _LIMIT))
        return _json(s.Waiting(waiting=list(map(s.WaitingCustomer.model_validate, found))))

    @operators.guard
    async def done(request: web.Request) -> web.Response:
        if not await requests.mark_done(request.match_info["id"]):
            raise NotFound("Nobody waits under that id: somebody has taken the conversation, or it was done before.")
        return web.Response(status=204)

    return [web.get("/api/waiting", listed), web.post("/api/waiting/{id}/done", done)]


def knowledge_routes(freshness: Freshness, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: the names of sources may say what is for staff."""

    @operators.guard
    async def status(_request: web.Request) -> web.Response:
        return _json(s.KnowledgeStatus.of(await freshness.statuses(), freshness.zone))

    @operators.guard
    async def reindex(request: web.Request) -> web.Response:
        wanted = await _read_model(request, s.ReindexRequest)
        asked = await freshness.ask(wanted.source)
        accepted = _json(s.ReindexAccepted(sources=list(asked or ()), status=STATUS), status=202)
        accepted.headers["Location"] = STATUS
        return accepted

    return [web.get(STATUS, status), web.post("/api/knowledge/reindex", reindex)]


def _json(answer: BaseModel, status: int = 200) -> web.Response:
    return web.json_response(text=answer.model_dump_json(), status=status)


async def _read_model(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as ``model``. Raises InvalidInput (TooLarge comes from aiohttp's own limit)."""
    if request.content_type != "application/json":
        raise InvalidInput("Send JSON, with the header Content-Type: application/json.")
    try:
        data = json.loads((await request.read()).decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidInput("The body is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(_explained(error)) from None


def _explained(error: ValidationError) -> str:
    """Field and fault only: the value itself might be anything, and is the sender's own."""
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)[:_SHOWN]
    ]
    return "; ".join(faults) + "."


def _read_limit(text: str | None, default: int) -> int:
    """How many at most, from a query. Raises InvalidInput."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST:
        raise InvalidInput(f"limit must be a number from 1 to {_MOST}.")
    return int(text)
