"""The types of settings that are lists or tables."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import NoDecode


def _split(value: Any) -> Any:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Written with commas; the type does it, so that no setting can be forgotten."""


def _sentences(value: Any) -> Any:
    """Split at what no sentence holds: lines, else semicolons; commas only where there is neither."""
    if not isinstance(value, str):
        return value
    sign = next((one for one in "\n;" if one in value), ",")
    return tuple(part.strip() for part in value.split(sign) if part.strip())


Sentences = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_sentences)]
"""Whole sentences, which may hold commas."""


def read_table(value: Any) -> Any:
    """A table as it is, a text as JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"must be JSON: {error}") from None
