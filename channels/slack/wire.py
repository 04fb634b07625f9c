"""Slack's JSON, as far as it is used here, and how bytes become it.

Shapes after Slack's reference of events, interactions and slash commands. All fields are optional to the type checker, since
what arrives is believed only after it was looked at.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import parse_qsl

from core.domain.errors import InvalidInput

Json = Mapping[str, Any]


class Block(TypedDict, total=False):
    """A block of Block Kit."""

    type: str
    block_id: str
    text: Json
    elements: list[Json]


class Metadata(TypedDict):
    """What goes with a message unseen, and comes back with its history."""

    event_type: str
    event_payload: dict[str, str]


class Posted(TypedDict, total=False):
    """A message as ``conversations.history`` lists it, or as an event brings it."""

    type: str
    subtype: str
    user: str
    bot_id: str
    text: str
    ts: str
    thread_ts: str
    files: list[Json]
    metadata: Metadata


class View(TypedDict, total=False):
    """A home tab or a modal."""

    type: str
    blocks: list[Block]
    callback_id: str
    private_metadata: str
    title: Json
    submit: Json
    close: Json


def payload(body: bytes) -> dict[str, Any]:
    """An event (JSON), an interaction (a form with JSON in it) or a slash command (a form). Raises InvalidInput."""
    try:
        text = body.decode("utf-8")
        if not text.lstrip().startswith("{"):
            form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=100))
            if "payload" not in form:
                return dict(form)
            text = form["payload"]
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"That is neither JSON nor a form: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInput("An event of Slack's is a JSON object.")
    return found


def part(whole: Json, name: str) -> Json:
    """An object inside another. Raises InvalidInput."""
    found = whole.get(name)
    if not isinstance(found, dict):
        raise InvalidInput(f"{name} is missing.")
    return found


def parts(whole: Json, name: str) -> list[Json]:
    """The objects in a list; an absent list has none."""
    found = whole.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(whole: Json, name: str) -> str:
    """A text, empty when it is absent. Raises InvalidInput for something else."""
    found = whole.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise InvalidInput(f"{name} is not a text.")
    return found


def named(whole: Json, name: str) -> str:
    """A text that has to be there. Raises InvalidInput."""
    found = text(whole, name)
    if not found:
        raise InvalidInput(f"{name} is missing.")
    return found


def view_type(whole: Json) -> str:
    """Of the view in which something was pressed: ``home`` or ``modal``; empty where it was pressed on a message."""
    view = whole.get("view")
    return str(view.get("type")) if isinstance(view, dict) else ""
