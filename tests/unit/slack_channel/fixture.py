"""Payloads as Slack's documentation shows them, as raw events."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from core.domain.messages import RawEvent

FOLDER = Path(__file__).parents[2] / "fixtures" / "slack"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class NoNames:
    """Knows nobody."""

    def person(self, user: str) -> str | None:
        return None

    def channel(self, channel: str) -> str | None:
        return None

    def locale(self, user: str) -> str | None:
        return None


def load(name: str) -> dict[str, Any]:
    """One payload."""
    found = json.loads((FOLDER / f"{name}.json").read_text())
    assert isinstance(found, dict)
    return found


def names() -> list[str]:
    """All of them."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def raw(payload: dict[str, Any]) -> RawEvent:
    """As the door makes it: JSON, or the form that interactions and commands come in."""
    body = json.dumps(payload)
    if payload.get("type") == "block_actions":
        body = urlencode({"payload": body})
    elif "command" in payload:
        body = urlencode(payload)
    return RawEvent("slack", "default", body.encode(), {}, NOW)
