"""An OpenAPI document is a section per operation, with what it takes and answers, its references followed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.chunk.chunker import Chunker
from knowledge.convert.converter import Converter
from knowledge.documents import Document, SourceFile, UnreadableDocument
from tests.unit.knowledge.wordpiece import WordPieceCounter

_API: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Shop API", "description": "Orders and refunds.", "version": "1"},
    "paths": {
        "/orders/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {
                "summary": "Read an order",
                "operationId": "readOrder",
                "description": "Returns one order of yours.",
                "parameters": [
                    {"name": "expand", "in": "query", "schema": {"type": "string", "enum": ["lines", "customer"]}}
                ],
                "responses": {
                    "200": {
                        "description": "The order",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}},
                    },
                    "404": {"$ref": "#/components/responses/Missing"},
                },
            },
            "delete": {"deprecated": True, "responses": {"204": {"description": "Gone"}}},
        },
        "/orders": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
            }
        },
    },
    "components": {
        "parameters": {
            "Id": {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "The number",
                "schema": {"type": "integer"},
            }
        },
        "responses": {"Missing": {"description": "There is no such order"}},
        "schemas": {
            "Order": {
                "type": "object",
                "required": ["total"],
                "properties": {
                    "total": {"type": "number", "description": "In euros"},
                    "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
                    "parent": {"$ref": "#/components/schemas/Order"},
                },
            },
            "Line": {"properties": {"article": {"type": "string"}}},
        },
    },
}


def _read(tmp_path: Path, content: Any, name: str = "api.json") -> Document:
    path = tmp_path / name
    path.write_text(json.dumps(content) if name.endswith("json") else yaml.safe_dump(content))
    return Converter().convert(path)


@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
def test_each_operation_is_a_section(tmp_path: Path, name: str) -> None:
    document = _read(tmp_path, _API, name)
    file = SourceFile("1", tmp_path / name, name, name, url=f"https://api.example.com/{name}")
    chunks = Chunker(WordPieceCounter(), 200).chunks(document.described_by(file))
    by_section: dict[str | None, str] = {}
    for chunk in chunks:
        by_section[chunk.section] = by_section.get(chunk.section, "") + chunk.content

    assert (document.title, document.problems) == ("Shop API", ())
    read = by_section["GET /orders/{id}: Read an order"]
    for told in (
        "Returns one order of yours.",
        "`id` (integer in path, required): The number",
        "`expand` (string, one of lines, customer in query)",
        "Response 200: The order",
        "`total` (number, required): In euros",
        "`lines[].article` (string)",
        "Response 404: There is no such order.",
    ):
        assert told in read, told
    assert "deprecated" in by_section["DELETE /orders/{id}"]
    assert "Request body" in by_section["POST /orders"]
    places = {(chunk.section or "").split()[0]: chunk.url for chunk in chunks if chunk.section}
    assert places["GET"] == f"https://api.example.com/{name}#/paths/~1orders~1%7Bid%7D/get"


def test_references_that_lead_nowhere_in_circles_or_away_are_named(tmp_path: Path) -> None:
    document = _read(
        tmp_path,
        {
            "swagger": "2.0",
            "paths": {
                "/a": {
                    "get": {
                        "parameters": [{"$ref": "#/definitions/Loop"}, {"$ref": "https://x.example/p.json"}],
                        "responses": {
                            "200": {"description": "Fine", "schema": {"$ref": "#/definitions/Deep"}},
                            "500": {"$ref": "#/nowhere"},
                        },
                    }
                }
            },
            "definitions": {
                "Loop": {"$ref": "#/definitions/Loop"},
                "Deep": {"type": "array", "items": {"$ref": "#/definitions/Deep"}},
            },
        },
    )

    assert set(document.problems) == {
        "#/definitions/Loop refers to itself",
        "https://x.example/p.json lies in another document, which is not read",
        "#/nowhere leads nowhere",
    }
    assert any("list of list of" in block.text for block in document.blocks)


def test_an_api_without_operations_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnreadableDocument, match="no operations"):
        _read(tmp_path, {"openapi": "3.0.0", "paths": {}})
