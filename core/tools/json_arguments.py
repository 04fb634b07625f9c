"""Arguments of a tool that has no Python signature, only a JSON schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, best_match
from pydantic import BaseModel, ConfigDict, model_validator


class JsonArguments(BaseModel):
    """What the model sends, checked against the schema of a subclass."""

    model_config = ConfigDict(extra="allow")
    validator: ClassVar[Any]

    @model_validator(mode="before")
    @classmethod
    def _fits(cls, values: Any) -> Any:
        error = best_match(cls.validator.iter_errors(values))
        if error is not None:
            raise ValueError(f"{'.'.join(map(str, error.absolute_path)) or 'arguments'}: {error.message[:300]}")
        return values


def arguments_for(name: str, schema: Mapping[str, Any]) -> type[BaseModel]:
    """Raises ValueError for a schema that is not valid."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"its schema is not valid: {error.message[:300]}") from error
    return type(
        f"{name}_arguments", (JsonArguments,), {"validator": Draft202012Validator(schema), "__module__": __name__}
    )
