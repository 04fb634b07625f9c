"""Reads OpenAPI documents (3.x, and Swagger 2): a section for each operation, with what it takes and what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from core.domain.knowledge import KnowledgeAudience
from knowledge.convert.audience import refused, said_below
from knowledge.documents import Block, BlockKind, Document, UnreadableDocument

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_DEEPEST = 4
"""Levels of a body that are told; deeper ones are named by their type."""
_MOST_FIELDS = 60
_LONGEST_TRAIL = 50
_AUDIENCE, _INTERNAL = "x-audience", "x-internal"
_READ_BY = {
    "public": KnowledgeAudience.PUBLIC,
    "external-public": KnowledgeAudience.PUBLIC,
    "external-partner": KnowledgeAudience.STAFF,
    "company-internal": KnowledgeAudience.STAFF,
    "business-unit-internal": KnowledgeAudience.STAFF,
    "component-internal": KnowledgeAudience.STAFF,
    "staff": KnowledgeAudience.STAFF,
}
"""``info.x-audience`` of Zalando's RESTful API Guidelines (rule 219), and our own words. Partners are not all customers."""


def is_openapi(content: Any) -> bool:
    """Whether parsed data is such a document (OpenAPI Specification, 4.8.1; Swagger 2.0, Schema)."""
    return isinstance(content, Mapping) and ("openapi" in content or "swagger" in content) and "paths" in content


def openapi_document(content: Mapping[str, Any]) -> Document:
    """One section per operation, under the place that a JSON pointer leads to. Raises UnreadableDocument."""
    reader = _Reader(content)
    info = _mapping(content.get("info"))
    audience = _audience(content, info)
    title = " ".join(str(info.get("title") or "API").split())[:200]
    blocks = [Block(BlockKind.HEADING, title, level=1), *_text(info.get("description"))]
    for path, item in _mapping(content.get("paths")).items():
        blocks.extend(reader.path(str(path), _mapping(reader.resolved(item))))
    if len(blocks) == 1:
        raise UnreadableDocument("the API has no operations")
    return Document(title, tuple(blocks), problems=tuple(dict.fromkeys(reader.problems)), audience=audience)


def _audience(content: Mapping[str, Any], info: Mapping[str, Any]) -> KnowledgeAudience:
    """Of the whole description; raises UnreadableDocument where only a part has one, or a word that is none."""
    said = [str(one[_AUDIENCE]).strip().lower() for one in (content, info) if _AUDIENCE in one]
    for word in said:
        if word not in _READ_BY:
            raise refused(f"its {_AUDIENCE} {word[:60]!r}", "is not known", f"write one of {', '.join(_READ_BY)}")
    if KnowledgeAudience.STAFF in map(_READ_BY.get, said) or _is_internal(content) or _is_internal(info):
        return KnowledgeAudience.STAFF
    rest = {"info": {**info, _AUDIENCE: "public"}, **{key: value for key, value in content.items() if key != "info"}}
    part = said_below(rest, lambda word: _READ_BY.get(str(word).lower()) is not KnowledgeAudience.PUBLIC, [_AUDIENCE])
    if part is not None:
        raise refused(
            f"{part} has an {_AUDIENCE} of its own",
            "and a description is read as a whole",
            f"mark it {_INTERNAL}: true",
        )
    return KnowledgeAudience.PUBLIC


def _is_internal(part: Mapping[str, Any]) -> bool:
    """What Redocly (remove-x-internal) and Zudoku leave out of what they publish. It is for nobody here either."""
    return part.get(_INTERNAL) is True


class _Reader:
    """References are followed within the document; others are problems, and never fetched."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self.problems: list[str] = []

    def resolved(self, value: Any) -> Any:
        """What a reference leads to, through any number of others; an empty mapping where it leads nowhere."""
        seen: set[str] = set()
        while isinstance(value, Mapping) and isinstance(value.get("$ref"), str):
            reference = value["$ref"]
            if reference in seen or len(seen) > _LONGEST_TRAIL:
                self.problems.append(f"{reference} refers to itself")
                return {}
            seen.add(reference)
            value = self._at(reference)
        return value

    def _at(self, reference: str) -> Any:
        """RFC 6901."""
        if not reference.startswith("#/"):
            self.problems.append(f"{reference} lies in another document, which is not read")
            return {}
        found: Any = self._document
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                self.problems.append(f"{reference} leads nowhere")
                return {}
        return found

    def path(self, path: str, item: Mapping[str, Any]) -> Iterator[Block]:
        """The operations under one path."""
        shared = _list(item.get("parameters"))
        for method in _METHODS:
            operation = item.get(method)
            if isinstance(operation, Mapping) and not _is_internal(operation) and not _is_internal(item):
                pointer = f"/paths/{path.replace('~', '~0').replace('/', '~1')}/{method}"
                yield from self._operation(method, path, operation, shared, pointer)

    def _operation(
        self, method: str, path: str, operation: Mapping[str, Any], shared: list[Any], pointer: str
    ) -> Iterator[Block]:
        summary = " ".join(str(operation.get("summary") or "").split())
        name = f"{method.upper()} {path}" + (f": {summary}" if summary else "")
        yield Block(BlockKind.HEADING, name, level=2, anchor=pointer)
        yield Block(BlockKind.TEXT, f"{name}." + (" It is deprecated." if operation.get("deprecated") else ""))
        yield from _text(operation.get("description"))
        parameters = [_mapping(self.resolved(one)) for one in (*shared, *_list(operation.get("parameters")))]
        lines = [
            self._parameter(one) for one in _latest(parameters) if one.get("in") != "body" and not _is_internal(one)
        ]
        yield from _listed("Parameters", lines)
        old_body = next((one for one in parameters if one.get("in") == "body"), None)
        yield from self._body("Request body", _mapping(self.resolved(operation.get("requestBody"))), old_body)
        for status, response in _mapping(operation.get("responses")).items():
            found = _mapping(self.resolved(response))
            description = " ".join(str(found.get("description") or "").split())
            yield from self._body(f"Response {status}" + (f": {description}" if description else ""), found, found)

    def _parameter(self, parameter: Mapping[str, Any]) -> str:
        schema = _mapping(self.resolved(parameter.get("schema"))) or parameter
        needed = ", required" if parameter.get("required") else ""
        return _line(str(parameter.get("name")), f"{self._kind(schema)} in {parameter.get('in')}{needed}", parameter)

    def _body(self, title: str, body: Mapping[str, Any], old: Mapping[str, Any] | None) -> Iterator[Block]:
        """The fields of a body; the first of several media types stands for all. ``old``: where Swagger 2 has the schema."""
        media = next(iter(_mapping(body.get("content")).values()), None)
        schema = _mapping(media).get("schema") if media is not None else (old or {}).get("schema")
        if schema is None:
            if title.startswith("Response"):
                yield Block(BlockKind.TEXT, f"{title}.")
            return
        fields = list(islice(self._fields(schema, "", 0), _MOST_FIELDS))
        yield from _listed(f"{title} ({self._kind(_mapping(self.resolved(schema)))})", fields, always=True)

    def _fields(self, schema: Any, prefix: str, depth: int) -> Iterator[str]:
        found = _mapping(self.resolved(schema))
        for part in (*_list(found.get("allOf")), *_list(found.get("oneOf")), *_list(found.get("anyOf"))):
            if depth < _DEEPEST:
                yield from self._fields(part, prefix, depth + 1)
        if "items" in found and depth < _DEEPEST:
            yield from self._fields(found["items"], f"{prefix}[]", depth + 1)
        required = {str(name) for name in _list(found.get("required"))}
        for name, raw in _mapping(found.get("properties")).items():
            field = _mapping(self.resolved(raw))
            if _is_internal(field):
                continue
            whole = f"{prefix}.{name}".lstrip(".")
            yield _line(whole, self._kind(field) + (", required" if str(name) in required else ""), field)
            if depth < _DEEPEST:
                yield from self._fields(field, whole, depth + 1)

    def _kind(self, schema: Mapping[str, Any], depth: int = 0) -> str:
        kind = schema.get("type")
        text = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind or "object")
        if text == "array":
            inner = _mapping(self.resolved(schema.get("items")))
            text = f"list of {self._kind(inner, depth + 1)}" if depth < _DEEPEST else "list"
        values = _list(schema.get("enum"))
        return text + (f", one of {', '.join(map(str, values[:20]))}" if values else "")


def _latest(parameters: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """An operation's own parameter takes the place of its path's (OpenAPI Specification, 4.8.10)."""
    return list({(one.get("name"), one.get("in")): one for one in parameters if one}.values())


def _line(name: str, kind: str, described: Mapping[str, Any]) -> str:
    description = " ".join(str(described.get("description") or "").split())
    return f"- `{name}` ({kind})" + (f": {description}" if description else "")


def _listed(title: str, lines: list[str], *, always: bool = False) -> Iterator[Block]:
    if lines or always:
        yield Block(BlockKind.TEXT, "\n".join([f"{title}:" if lines else f"{title}.", *lines]))


def _text(value: Any) -> Iterator[Block]:
    if isinstance(value, str) and value.strip():
        yield Block(BlockKind.TEXT, value.strip())


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
