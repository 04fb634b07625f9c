"""Reads an OpenAPI document (3.0 and 3.1), and of the chosen operations what a call needs. Everything in it is bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import yaml

from core.domain.errors import ConfigError
from core.tools.schema import LONGEST_DESCRIPTION, Json, SchemaReader, checked_schema, description_of, without_bound

LARGEST_DOCUMENT = 4 * 1024 * 1024
_DEEPEST = 100
_METHODS = ("get", "put", "post", "delete", "patch")
_STYLES = {"path": "simple", "query": "form", "header": "simple"}
_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")


@dataclass(frozen=True, slots=True)
class Operation:
    """``places``: where each parameter goes, of path, query, header. ``body``: the schema of a JSON body, None without one."""

    name: str
    method: str
    path: str
    description: str
    places: Mapping[str, str]
    parameters: Mapping[str, Json]
    required: frozenset[str]
    body: Json | None

    def path_with(self, values: Mapping[str, str]) -> str:
        """The path with each ``{name}`` filled in."""
        return _PLACEHOLDER.sub(lambda found: values[found[1]], self.path)


class _Loader(yaml.CSafeLoader):
    """Without what takes more time than it is long: merges (``<<``), and numbers to the base 60 (``1:30``), which stay texts."""

    def flatten_mapping(self, node: Any) -> None:
        if any(key.tag == "tag:yaml.org,2002:merge" for key, _ in node.value):
            raise yaml.YAMLError("merges (<<) are not read")

    def _number(self, node: Any) -> Any:
        of_type = self.construct_yaml_int if node.tag.endswith(":int") else self.construct_yaml_float
        return node.value if ":" in str(node.value) else of_type(node)


for _tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
    _Loader.add_constructor(_tag, _Loader._number)


def parsed_document(data: bytes) -> Json:
    """Raises ConfigError with the reason."""
    if len(data) > LARGEST_DOCUMENT:
        raise ConfigError(f"it is larger than {LARGEST_DOCUMENT // 1024 // 1024} MB; leave out what is not needed.")
    try:
        text = data.decode()
        if text.lstrip().startswith("{"):
            found = json.loads(text)
        else:
            _check_events(text)
            found = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise ConfigError(f"it cannot be read: {str(error)[:300]}") from error
    if not isinstance(found, dict) or not str(found.get("openapi", "")).startswith(("3.0", "3.1")):
        raise ConfigError("it is no OpenAPI document of version 3.0 or 3.1.")
    return found


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(
                f"the alias *{str(event.anchor)[:_DEEPEST]} is not read: write out what it stands for, or use $ref"
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError("it is nested too deep")


def operation(document: Json, name: str) -> Operation:
    """The operation of that ``operationId``. Raises ConfigError for one that is missing or cannot be called."""
    found = {
        str(one.get("operationId")): (path, method, item, one) for path, method, item, one in _operations(document)
    }
    if name not in found:
        like = get_close_matches(name, found, 1)
        raise ConfigError(f"there is no operation {name}" + (f"; did you mean {like[0]}?" if like else "."))
    try:
        return _Reading(document).operation(name, *found[name])
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ConfigError(f"operation {name}: {error}.") from error


def _operations(document: Json) -> Iterator[tuple[str, str, Json, Json]]:
    paths = document.get("paths")
    for path, item in paths.items() if isinstance(paths, dict) else ():
        for method in _METHODS if isinstance(item, dict) else ():
            if isinstance(item.get(method), dict):
                yield str(path), method, item, item[method]


class _Reading:
    """Of one operation."""

    def __init__(self, document: Json) -> None:
        self._schemas = SchemaReader(document)

    def operation(self, name: str, path: str, method: str, item: Json, one: Json) -> Operation:
        if not path.startswith("/") or any(sign in path for sign in "?#\\") or ".." in path:
            raise ValueError(f"its path {path[:300]!r} is not a path")
        parameters = self._parameters(item, one)
        in_path = {key for key, each in parameters.items() if each["in"] == "path"}
        if in_path != set(_PLACEHOLDER.findall(path)):
            raise ValueError("the parameters of its path are not those that it describes")
        said = " ".join(str(one[key]).strip() for key in ("summary", "description") if one.get(key))
        return Operation(
            name,
            method,
            path,
            description_of(said, LONGEST_DESCRIPTION) or name,
            {key: str(each["in"]) for key, each in parameters.items()},
            {key: self._parameter(key, each) for key, each in parameters.items()},
            frozenset(key for key, each in parameters.items() if each.get("required") is True or each["in"] == "path"),
            self._body(one.get("requestBody")),
        )

    def _parameters(self, item: Json, one: Json) -> Mapping[str, Json]:
        """By name, without cookies. An operation's own ones go before those of its path."""
        listed = map(self._schemas.followed, (*item.get("parameters", ()), *one.get("parameters", ())))
        found = {(str(each["name"]), str(each["in"])): each for each in listed if each.get("in") in _STYLES}
        if len({name for name, _ in found}) != len(found):
            raise ValueError("two of its parameters have the same name")
        return {name: each for (name, _), each in found.items()}

    def _parameter(self, name: str, given: Json) -> Json:
        usual = _STYLES[given["in"]]
        is_exploded = given.get("explode", usual == "form") == (usual == "form")
        if given.get("style", usual) != usual or not is_exploded or "schema" not in given:
            raise ValueError(f"parameter {name} is written in a style that is not supported")
        schema = self._schemas.schema(given["schema"])
        if "object" in (schema.get("type"), *schema) or "properties" in schema:
            raise ValueError(f"parameter {name} is an object, which only a body may be")
        if given.get("description"):
            schema["description"] = description_of(given["description"])
        return schema

    def _body(self, given: Any) -> Json | None:
        if given is None:
            return None
        content = self._schemas.followed(given).get("content", {})
        if "application/json" not in content:
            raise ValueError("its body is not application/json")
        return self._schemas.schema(content["application/json"].get("schema", {}))


def model_schema(one: Operation, bound: frozenset[str], headers: Iterable[str] = ()) -> dict[str, Any]:
    """What the model may send: every parameter but the bound ones, of headers none. Raises ValueError.

    ``headers``: names of those that go with each call.
    """
    sent = {name.lower() for name in headers}
    shown = {key: schema for key, schema in one.parameters.items() if key not in bound and one.places[key] != "header"}
    required = [key for key in shown if key in one.required]
    unset = sorted(key for key in one.required - bound if one.places[key] == "header" and key.lower() not in sent)
    if unset:
        raise ValueError(f"header {', '.join(unset)} is required: bind it, or set it in headers")
    if one.body is not None:
        if "body" in one.parameters:
            raise ValueError("a parameter is called body, as its body")
        shown["body"] = without_bound(one.body, bound) if bound else one.body
        required.append("body")
    return checked_schema({"type": "object", "properties": shown, "required": required, "additionalProperties": False})
