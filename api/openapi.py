"""``/openapi.json`` (OpenAPI 3.1) from the table of operations."""

from __future__ import annotations

import asyncio
import json
import re
from functools import cache
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.operations import OPERATIONS, Operation, Parameter
from api.schemas import ProblemDocument

_VERSION = "1"
"""Of this document, not of the hub: strangers, who may read it, are not told which release runs."""
_REFERENCE = "#/components/schemas/{model}"
_PROBLEMS = {
    400: "Something in the request is not right; `detail` says what.",
    401: "No token, or one that is forged or expired.",
    403: "Known, but not allowed: wrong origin, somebody else's, or not an operator.",
    404: "There is no such thing, or none that this caller may know of.",
    410: "The session has ended, or the link has expired.",
    413: "Larger than the limit.",
    415: "Compressed: bodies are taken without a `Content-Encoding`.",
    429: "Too often. Try again after `Retry-After` seconds.",
    503: "Nothing was stored. Try again after `Retry-After` seconds.",
}

_SECURITY: dict[str, list[dict[str, list[str]]]] = {"session": [{"session": []}], "operator": [{"operator": []}]}


@cache
def description() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Switchboard",
            "version": _VERSION,
            "summary": "A customer-support hub: one agent that proves its answers, and people who take over.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [
            {"name": "Chat", "description": "What the widget uses, and what any other client may."},
            {"name": "Operation", "description": "For the people who run the hub."},
        ],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "session": {"type": "http", "scheme": "bearer", "description": "The token of `POST /api/sessions`."},
                "operator": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token in `DATA_DIR/operator_token`.",
                },
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{operation.method.lower()}{operation.path}").strip("_"),
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": _SECURITY.get(operation.access, []),
        "responses": _responses(operation),
    }
    text = operation.description
    if operation.access == "operator":
        text = f"{text} Answers only on the machine that the hub runs on.".strip()
    if text:
        described["description"] = text
    if operation.parameters:
        described["parameters"] = [_parameter(each, operation.path) for each in operation.parameters]
    if operation.bodies:
        content = {kind: {"schema": _reference(model)} for kind, model in operation.bodies.items()}
        described["requestBody"] = {"required": True, "content": content}
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, (meaning, body) in operation.answers.items():
        responses[str(status)] = {"description": meaning}
        if isinstance(body, str):
            responses[str(status)]["content"] = {body: {}}
        elif body is not None:
            responses[str(status)]["content"] = {"application/json": {"schema": _reference(body)}}
    for status in (*operation.problems, *((415,) if operation.bodies else ())):
        content = {"application/problem+json": {"schema": _reference(ProblemDocument)}}
        responses[str(status)] = {"description": _PROBLEMS[status], "content": content}
    return responses


def _parameter(parameter: Parameter, path: str) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "path" if f"{{{parameter.name}}}" in path else "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": {"type": parameter.type},
    }


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(model=model.__name__)}


def _schemas() -> dict[str, Any]:
    models: set[type[BaseModel]] = {ProblemDocument}
    for operation in OPERATIONS:
        models |= set(operation.bodies.values())
        models |= {body for _, body in operation.answers.values() if isinstance(body, type)}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, definitions = models_json_schema([(model, "validation") for model in ordered], ref_template=_REFERENCE)
    schemas: dict[str, Any] = definitions["$defs"]
    return dict(sorted(schemas.items()))


@cache
def _document() -> bytes:
    """Built on the first request: it takes a quarter of a second, which would delay every start."""
    return json.dumps(description(), ensure_ascii=False).encode()


def openapi_routes() -> list[web.RouteDef]:
    """Public: it says nothing that the source does not."""

    async def serve(_request: web.Request) -> web.Response:
        body = await asyncio.to_thread(_document)
        return web.Response(
            body=body, content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
        )

    return [web.get("/openapi.json", serve)]
