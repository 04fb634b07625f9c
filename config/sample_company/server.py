"""The sample company's books over HTTP, as its OpenAPI document says, and as tools of an MCP server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mcp.server.mcpserver import Context, MCPServer
from mcp.shared.exceptions import MCPError
from mcp.types import INVALID_PARAMS
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from config.sample_company.books import Books, Json, Refusal

DOCUMENT = Path(__file__).with_name("openapi.yaml")
_LARGEST_BODY = 16 * 1024
_T = TypeVar("_T")


class _Refund(BaseModel):
    amount: float = Field(strict=True)


def make_server(books: Books) -> MCPServer:
    """MCP at ``/mcp`` or on the standard input and output; the document's operations and ``/openapi.yaml`` beside it."""
    server = MCPServer("sample-company", log_level="ERROR")
    _add_tools(server, books)
    operations = _Operations(books)
    for method, path, operation in (
        ("GET", "/stock", operations.check_stock),
        ("GET", "/customers/{customer}/orders", operations.list_orders),
        ("GET", "/customers/{customer}/orders/{order:int}", operations.get_order),
        ("POST", "/customers/{customer}/orders/{order:int}/refunds", operations.refund_order),
        ("GET", "/customers/{customer}/refunds", operations.get_refund),
        ("GET", "/customers/{customer}/subscription", operations.get_subscription),
        ("GET", "/openapi.yaml", _document),
    ):
        server.custom_route(path, [method])(operation)
    return server


def _add_tools(server: MCPServer, books: Books) -> None:
    @server.tool(description=Books.list_orders.__doc__)
    async def list_orders(customer: str) -> list[Json]:
        return _asked(lambda: books.list_orders(customer))

    @server.tool(description=Books.get_order.__doc__)
    async def get_order(customer: str, order: int) -> Json:
        return _asked(lambda: books.get_order(customer, order))

    @server.tool(description=Books.get_subscription.__doc__)
    async def get_subscription(customer: str) -> Json:
        return _asked(lambda: books.get_subscription(customer))

    @server.tool(description=Books.check_stock.__doc__)
    async def check_stock(product: str) -> Json:
        return _asked(lambda: books.check_stock(product))

    @server.tool(description=Books.refund_order.__doc__)
    async def refund_order(customer: str, order: int, amount: float, context: Context) -> Json:
        meta: Any = context.request_context.meta or {}
        return _asked(lambda: books.refund_order(customer, order, amount, str(meta.get("idempotency-key", ""))))

    @server.tool(description=Books.get_refund.__doc__)
    async def get_refund(customer: str, idempotency_key: str) -> Json:
        return _asked(lambda: books.get_refund(customer, idempotency_key))


def _asked(call: Callable[[], _T]) -> _T:
    """A refusal is the one error of the protocol that says for certain that nothing was done."""
    try:
        return call()
    except Refusal as refusal:
        raise MCPError(INVALID_PARAMS, refusal.reason) from refusal


class _Operations:
    """Those of the OpenAPI document."""

    def __init__(self, books: Books) -> None:
        self._books = books

    async def check_stock(self, request: Request) -> Response:
        return _answer(lambda: self._books.check_stock(request.query_params.get("product", "")))

    async def list_orders(self, request: Request) -> Response:
        return _answer(lambda: self._books.list_orders(**request.path_params))

    async def get_order(self, request: Request) -> Response:
        return _answer(lambda: self._books.get_order(**request.path_params))

    async def get_subscription(self, request: Request) -> Response:
        return _answer(lambda: self._books.get_subscription(**request.path_params))

    async def refund_order(self, request: Request) -> Response:
        body = bytearray()
        async for block in request.stream():
            body += block
            if len(body) > _LARGEST_BODY:
                return _refused(Refusal(413, "The body is too large."))
        key = request.headers.get("Idempotency-Key", "")
        return _answer(
            lambda: self._books.refund_order(**request.path_params, amount=_amount_in(body), idempotency_key=key)
        )

    async def get_refund(self, request: Request) -> Response:
        key = request.query_params.get("idempotency_key", "")
        return _answer(lambda: self._books.get_refund(**request.path_params, idempotency_key=key))


async def _document(_request: Request) -> Response:
    return PlainTextResponse(DOCUMENT.read_text("utf-8"), media_type="application/yaml")


def _answer(call: Callable[[], Any]) -> Response:
    try:
        return JSONResponse(call())
    except Refusal as refusal:
        return _refused(refusal)


def _refused(refusal: Refusal) -> Response:
    return JSONResponse({"detail": refusal.reason}, refusal.status)


def _amount_in(body: bytearray) -> float:
    try:
        return _Refund.model_validate_json(bytes(body)).amount
    except ValidationError as error:
        raise Refusal(422, "The body holds the amount, a number.") from error
