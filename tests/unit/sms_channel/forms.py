"""Twilio's forms as its documentation shows them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from core.domain.messages import RawEvent

ACCOUNT = "AC" + "0123456789abcdef" * 2
NOW = datetime(2026, 11, 21, 9, 5, tzinfo=UTC)
FOLDER = Path(__file__).parents[2] / "fixtures" / "sms"


def form(name: str, **changes: str) -> dict[str, str]:
    """A recorded form, with other values for some fields."""
    fields: dict[str, str] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return {**fields, **changes}


def raw(fields: dict[str, str]) -> RawEvent:
    """As the webhook brings it."""
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    return RawEvent("sms", ACCOUNT, urlencode(fields).encode(), kind, NOW)
