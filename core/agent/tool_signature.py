"""Reads a function's signature and docstring into what a model is told of it, and what checks the model's arguments."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from docstring_parser import parse
from pydantic import BaseModel, ConfigDict, Field, create_model


@dataclass(frozen=True, slots=True)
class Signature:
    """``context_name`` is the parameter that gets the ToolContext; it is not part of the schema."""

    function: Callable[..., Any]
    description: str
    arguments: type[BaseModel]
    schema: Mapping[str, Any]
    context_name: str | None


def _without_titles(schema: Any) -> Any:
    """Pydantic's generated titles repeat the names and cost tokens. A property called "title" stays."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _without_titles(value) for key, value in schema.items() if key != "title" or isinstance(value, dict)}


def read_signature(function: Callable[..., Any], context_type: type) -> Signature:
    """Raises ValueError with what to mend in the function."""
    label = getattr(function, "__name__", repr(function))
    doc = parse(inspect.getdoc(function) or "")
    description = "\n".join(part for part in (doc.short_description, doc.long_description) if part)
    if not description:
        raise ValueError(f"Tool {label} needs a docstring: it is all that the model knows of it.")
    told = {param.arg_name: param.description for param in doc.params if param.description}
    hints = typing.get_type_hints(function, include_extras=True)
    context_name: str | None = None
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ValueError(f"Tool {label}: parameter {name} must be a plain named parameter.")
        if name not in hints:
            raise ValueError(f"Tool {label}: parameter {name} needs a type.")
        if hints[name] is context_type:
            context_name = name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (Annotated[hints[name], Field(description=told.get(name))], default)
    arguments = create_model(f"{label}_arguments", __config__=ConfigDict(extra="forbid"), **fields)
    return Signature(function, description, arguments, _without_titles(arguments.model_json_schema()), context_name)
