"""Makes a JSON schema that a stranger wrote fit for the model: without references, bounded, and without what the server sets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from core.agent.orders import is_invisible, without_orders
from core.agent.sources import defuse

Json = Mapping[str, Any]

LONGEST_DESCRIPTION = 1_000
_LONGEST_TEXT = 300
_LONGEST_SCHEMA = 20_000
_MOST_NODES = 2_000
_DEEPEST = 100
_DEEPEST_SCHEMA = 20
_KEPT = frozenset({"type", "format", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"})
"""Left as they are. Patterns are left to the server: a regular expression may take exponential time."""
_COMBINED = ("oneOf", "anyOf", "allOf")
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\W_]+")


def description_of(text: object, longest: int = _LONGEST_TEXT) -> str:
    """A server's words about itself, which the model reads: shortened, and without orders to it."""
    visible = "".join(one for one in str(text or "")[: 2 * longest] if not is_invisible(one))
    return defuse(without_orders(visible.strip()[:longest])).strip()


def checked_name(name: str) -> str:
    """The same name or value, which the model reads and has to send as it is. Raises ValueError for one that holds an order."""
    if len(name) > _LONGEST_TEXT:
        raise ValueError(f"a name or value in its schema has more than {_LONGEST_TEXT} characters: {name[:64]!r}")
    if not name.isprintable() or any(map(is_invisible, name)):
        raise ValueError(f"a name or value in its schema holds signs that nobody sees: {name[:64]!r}")
    for said in (name, _BETWEEN_WORDS.sub(" ", name)):
        if defuse(without_orders(said)) != said:
            raise ValueError(f"a name or value in its schema reads like an order to the agent: {name[:64]!r}")
    return name


class SchemaReader:
    """Follows references inside ``document``. All that it reads may have ``_MOST_NODES`` parts."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._left = _MOST_NODES

    def followed(self, node: Any) -> dict[str, Any]:
        """The node, or what it refers to. Raises ValueError for what leads elsewhere or around in a circle."""
        for _ in range(_DEEPEST):
            if not isinstance(node, dict):
                raise ValueError(f"{str(node)[:_LONGEST_TEXT]!r} is not an object")  # noqa: TRY004 - of the document
            if "$ref" not in node:
                return dict(node)
            node = self._target(node["$ref"])
        raise ValueError("it refers to itself")

    def _target(self, ref: Any) -> Any:
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise ValueError(f"{str(ref)[:_LONGEST_TEXT]} is in another document: put it into this one")
        found: Any = self._document
        for part in ref[2:].split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise ValueError(f"{ref[:_LONGEST_TEXT]} is not there")
            found = found[key]
        return found

    def schema(self, node: Any, trail: tuple[str, ...] = (), depth: int = 0) -> dict[str, Any]:
        """The schema without references. Raises ValueError for one that is too large, or contains itself."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST_SCHEMA:
            raise ValueError(f"its schema has more than {_MOST_NODES} parts, or is deeper than {_DEEPEST_SCHEMA}")
        if node is True:
            return {}
        if isinstance(node, dict) and "$ref" in node:
            ref = str(node["$ref"])[:_LONGEST_TEXT]
            if ref in trail:
                raise ValueError(f"{ref} contains itself")
            return self.schema(self._target(node["$ref"]), (*trail, ref), depth + 1)
        node = self.followed(node)
        found: dict[str, Any] = {key: value for key, value in node.items() if key in _KEPT and _is_plain(value)}
        if node.get("description"):
            found["description"] = description_of(node["description"])
        if "const" in node and _is_plain(node["const"]):
            found["const"] = node["const"]
        if isinstance(node.get("enum"), list) and all(map(_is_scalar, node["enum"])):
            found["enum"] = node["enum"]
        found |= self._parts(node, trail, depth + 1)
        if node.get("nullable") is True and isinstance(found.get("type"), str):
            found["type"] = [found["type"], "null"]
            if "enum" in found:
                found["enum"] = [*found["enum"], None]
        return found

    def _parts(self, node: Json, trail: tuple[str, ...], depth: int) -> Json:
        """The schemas inside one. What a server only gives out (``readOnly``) is not asked of the model."""
        found: dict[str, Any] = {}
        if isinstance(node.get("properties"), dict):
            every = node["properties"].items()
            asked = {key: one for key, one in every if not isinstance(one, dict) or one.get("readOnly") is not True}
            found["properties"] = {str(key): self.schema(one, trail, depth) for key, one in asked.items()}
            found["required"] = [key for key in node.get("required") or () if key in asked]
        if isinstance(node.get("items"), dict):
            found["items"] = self.schema(node["items"], trail, depth)
        others = node.get("additionalProperties")
        if isinstance(others, bool):
            found["additionalProperties"] = others
        elif isinstance(others, dict):
            found["additionalProperties"] = self.schema(others, trail, depth)
        for key in _COMBINED:
            if isinstance(node.get(key), list):
                found[key] = [self.schema(one, trail, depth) for one in node[key]]
        for one in found.pop("allOf", ()) if all("properties" in one for one in found.get("allOf", ())) else ():
            found["properties"] = {**found.get("properties", {}), **one["properties"]}
            found["required"] = list(dict.fromkeys((*found.get("required", ()), *one.get("required", ()))))
        return found


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _is_plain(value: Any) -> bool:
    return _is_scalar(value) or (isinstance(value, list) and all(map(_is_scalar, value)))


def without_bound(schema: Json, bound: frozenset[str]) -> dict[str, Any]:
    """An object's schema without the properties that the hub sets, and closed: the model cannot send them either.

    Raises ValueError where one stands deeper, so that the model could say it there.
    """
    for key, inner in schema.items():
        for one in inner.values() if key == "properties" else (inner,):
            _refuse(one, bound)
    if "properties" not in schema:
        return dict(schema)
    if any(key in schema for key in _COMBINED):
        if bound & set(schema["properties"]):
            raise ValueError("its arguments are one of several kinds, in which nothing can be bound")
        return dict(schema)
    shown = {key: one for key, one in schema["properties"].items() if key not in bound}
    required = [key for key in schema.get("required", ()) if key in shown]
    return {**schema, "type": "object", "properties": shown, "required": required, "additionalProperties": False}


def _refuse(node: Any, bound: frozenset[str]) -> None:
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _refuse(one, bound)
    if (
        isinstance(node, dict)
        and isinstance(node.get("properties"), dict)
        and (deep := bound & set(node["properties"]))
    ):
        raise ValueError(f"{', '.join(sorted(deep))} of bind stands deep; only what stands at the top can be bound")


def checked_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema. Raises ValueError where the model would have too much to read, or an order."""
    if len(json.dumps(schema)) > _LONGEST_SCHEMA:
        raise ValueError(f"its arguments are described in more than {_LONGEST_SCHEMA} characters")
    for name in _names(schema):
        checked_name(name)
    return schema


def _names(node: Any) -> Iterator[str]:
    """All texts in a schema but its descriptions, which have no orders any more."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in node:
            yield from _names(one)
    elif isinstance(node, dict):
        for key, one in node.items():
            yield key
            if key != "description" or not isinstance(one, str):
                yield from _names(one)
