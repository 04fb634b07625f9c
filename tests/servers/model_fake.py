"""A server of language models as ``doctor`` sees it: OpenAI's protocol under /v1, Azure's under /openai."""

from __future__ import annotations

from types import TracebackType

from aiohttp import web
from aiohttp.test_utils import TestServer

KEY, MODEL, DEPLOYMENT = "sk-right-0123456789", "small-1", "support"
LIMITED = "sk-without-quota-0123456789"


class ModelFake:
    """``lists``: whether it tells which models it has; some servers do not."""

    def __init__(self) -> None:
        self.lists = True
        self.tokens = 0
        app = web.Application()
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_post("/v1/embeddings", self._complete)
        app.router.add_post("/v1/rerank", self._complete)
        app.router.add_post("/openai/deployments/{name}/chat/completions", self._azure)
        app.router.add_get("/site/models", self._site)
        self._server = TestServer(app, host="127.0.0.1")

    @property
    def origin(self) -> str:
        """Without a slash at the end."""
        return str(self._server.make_url("")).rstrip("/")

    async def __aenter__(self) -> ModelFake:
        await self._server.start_server()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self._server.close()

    def _refusal(self, request: web.Request) -> web.Response | None:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if key == LIMITED:
            return web.json_response({"error": {"code": "insufficient_quota"}}, status=429)
        return None if key == KEY else web.json_response({"error": {"code": "invalid_api_key"}}, status=401)

    async def _models(self, request: web.Request) -> web.Response:
        if not self.lists:
            return web.Response(status=404)
        return self._refusal(request) or web.json_response(
            {"object": "list", "data": [{"id": MODEL}, {"id": "large:latest"}]}
        )

    async def _complete(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if not await request.json():
            return web.json_response({"error": {"message": "model is required"}}, status=400)
        self.tokens += 1
        return web.json_response({})

    async def _azure(self, request: web.Request) -> web.Response:
        if request.headers.get("api-key") != KEY:
            return web.json_response({"error": {"code": "401"}}, status=401)
        if request.match_info["name"] != DEPLOYMENT:
            return web.json_response({"error": {"code": "DeploymentNotFound"}}, status=404)
        return web.json_response({"error": {"message": "messages is required"}}, status=400)

    async def _site(self, _request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome</html>", content_type="text/html")
