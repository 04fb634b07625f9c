"""Request bodies and queries as checked values, with errors that name the field."""

from __future__ import annotations

import json
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from core.domain.errors import InvalidInput

Model = TypeVar("Model", bound=BaseModel)
_SHOWN = 5
_MOST = 1_000


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """The JSON body as ``model``. Raises InvalidInput (TooLarge comes from aiohttp's own limit)."""
    if request.content_type != "application/json":
        raise InvalidInput("Send JSON, with the header Content-Type: application/json.")
    try:
        data = json.loads((await request.read()).decode("utf-8"))
    except UnicodeDecodeError:
        raise InvalidInput("The body is not UTF-8.") from None
    except (ValueError, RecursionError):
        raise InvalidInput("The body is not JSON.") from None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise InvalidInput(_explained(error)) from None


def _explained(error: ValidationError) -> str:
    """Field and fault only: the value itself might be anything, and is the sender's own."""
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)[:_SHOWN]
    ]
    return "; ".join(faults) + "."


def read_limit(text: str | None, default: int) -> int:
    """How many at most, from a query. Raises InvalidInput."""
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= _MOST:
        raise InvalidInput(f"limit must be a number from 1 to {_MOST}.")
    return int(text)
