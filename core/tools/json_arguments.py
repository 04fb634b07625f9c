"""Arguments of a tool that has no Python signature, only a JSON schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from pydantic import BaseModel, ConfigDict, model_validator


class JsonArguments(BaseModel):
    """What the model sends, checked against the schema of a subclass."""

    model_config = ConfigDict(extra="allow")
    validator: ClassVar[Any]
    bound: ClassVar[frozenset[str]]
    """In lower case, as some servers read names in any case."""

    @model_validator(mode="before")
    @classmethod
    def _fits(cls, values: Any) -> Any:
        error = best_match(cls.validator.iter_errors(values))
        if error is not None:
            raise ValueError(f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message[:300]}")
        if said := cls.bound.intersection(key.lower() for key in _keys(values)):
            raise ValueError(f"{', '.join(sorted(said))}: the hub sets this, leave it out")
        return values


def _keys(values: Any) -> Iterator[str]:
    """Of all objects in the values, however deep."""
    left = [values]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            yield from one
            left += one.values()
        elif isinstance(one, list):
            left += one


def arguments_for(name: str, schema: Mapping[str, Any], bound: Iterable[str]) -> type[BaseModel]:
    """``bound``: what the model may say nowhere, as the hub sets it. Raises ValueError for a schema that is not valid."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"its schema is not valid: {error.message[:300]}") from error
    own = {"validator": Draft202012Validator(schema), "bound": frozenset(map(str.lower, bound)), "__module__": __name__}
    return type(f"{name}_arguments", (JsonArguments,), own)
