"""``/docs``: the API description as a page that needs no script and nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from aiohttp import web

from api.openapi import description


def _style() -> str:
    return files("api").joinpath("docs.css").read_text("utf-8")


@cache
def page() -> str:
    """The whole page. Every value in it is escaped."""
    spec = description()
    groups = "".join(_group(tag, spec) for tag in spec["tags"])
    schemas = "".join(
        _folded(
            f"<code>{escape(name)}</code>",
            f"<p>{escape(schema.get('description', ''))}</p>{_json(schema)}",
            f"schema-{name}",
        )
        for name, schema in spec["components"]["schemas"].items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Switchboard API</title><style>{_style()}</style></head><body><main>"
        f'<h1>Switchboard API</h1><p class="soft">{escape(spec["info"]["summary"])} '
        'For programs: <a href="/openapi.json">openapi.json</a>.</p>'
        f'{groups}<h2 id="schemas">Shapes</h2>{schemas}</main></body></html>'
    )


def _group(tag: dict[str, str], spec: dict[str, Any]) -> str:
    rows = [
        _operation(method, path, operation)
        for path, methods in spec["paths"].items()
        for method, operation in methods.items()
        if tag["name"] in operation["tags"]
    ]
    return f'<h2>{escape(tag["name"])}</h2><p class="soft">{escape(tag["description"])}</p>{"".join(rows)}'


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<p>{escape(operation['description'])}</p>"] if "description" in operation else []
    if operation["security"]:
        whose = "operator token" if {"operator": []} in operation["security"] else "session's token"
        parts.append(f"<p>Needs <code>Authorization: Bearer</code> with the {whose}.</p>")
    if parameters := operation.get("parameters"):
        rows = [(escape(p["name"]), p["in"], escape(p["description"])) for p in parameters]
        parts.append(_table(("Parameter", "In", "Meaning"), rows))
    for kind, media in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<h3>Body: {escape(kind)}</h3>{_link(media['schema'])}")
    parts.append("<h3>Answers</h3>" + _answers(operation["responses"]))
    head = f'<span class="method">{method.upper()}</span> <code>{escape(path)}</code> <span>{escape(operation["summary"])}</span>'
    return _folded(head, "".join(parts), operation["operationId"])


def _answers(responses: dict[str, Any]) -> str:
    rows = []
    for status, response in responses.items():
        shapes = [_link(media["schema"]) for media in response.get("content", {}).values() if "schema" in media]
        rows.append((status, escape(response["description"]), "".join(shapes)))
    return _table(("Status", "Meaning", "JSON"), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of HTML cells."""
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _link(schema: dict[str, str]) -> str:
    name = schema["$ref"].rsplit("/", 1)[-1]
    return f'<a href="#schema-{escape(name)}"><code>{escape(name)}</code></a>'


def _folded(head: str, body: str, anchor: str) -> str:
    return f'<details id="{escape(anchor)}"><summary>{head}</summary><div>{body}</div></details>'


def _json(value: object) -> str:
    return f'<pre tabindex="0"><code>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</code></pre>'


def docs_routes() -> list[web.RouteDef]:
    """Public, like the description itself."""

    async def serve(_request: web.Request) -> web.Response:
        return web.Response(text=page(), content_type="text/html", headers=_headers())

    return [web.get("/docs", serve)]


@cache
def _headers() -> Mapping[str, str]:
    """The one style sheet is allowed by its hash; nothing else may be loaded or run."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    rules = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"Content-Security-Policy": rules, "Cache-Control": "public, max-age=300"}
