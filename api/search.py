"""``POST /api/search``: what the knowledge base would find, for the people who look after it."""

from __future__ import annotations

from aiohttp import web

from api.body import read_model
from api.operator_access import OperatorAccess
from api.schemas import Found, FoundMetadata, SearchQuery, SearchResults
from core.domain.errors import KnowledgeUnavailable, Overloaded
from core.domain.knowledge import Passage
from core.ports.retriever import Retriever

_LOADING = 5.0


def search_routes(retriever: Retriever, operators: OperatorAccess) -> list[web.RouteDef]:
    """For operators only: results include passages that no answer would use."""

    @operators.guard
    async def search(request: web.Request) -> web.Response:
        wanted = await read_model(request, SearchQuery)
        try:
            found = await retriever.retrieve(
                wanted.query,
                limit=wanted.limit,
                category=wanted.filters.category,
                language=wanted.filters.language,
            )
        except KnowledgeUnavailable as error:
            raise Overloaded(
                f"The knowledge base cannot be searched yet: {error.detail}", retry_after=_LOADING
            ) from error
        results = SearchResults(results=[_result(passage) for passage in found.passages], threshold=found.threshold)
        return web.json_response(text=results.model_dump_json(), headers={"Cache-Control": "no-store"})

    return [web.post("/api/search", search)]


def _result(passage: Passage) -> Found:
    cited = passage.cite()
    return Found(
        id=cited.id,
        title=cited.title,
        content=cited.content,
        metadata=FoundMetadata(
            source=cited.source, page=cited.page, section=cited.section, url=cited.url, category=cited.category
        ),
        relevance_score=cited.score,
    )
