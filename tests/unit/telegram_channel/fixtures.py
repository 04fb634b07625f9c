"""Updates as the Bot API's documentation describes them, by name, and what reads them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from channels.telegram.addressing import Bot
from channels.telegram.parse import Reader
from core.domain.messages import RawEvent

FOLDER = Path(__file__).parents[2] / "fixtures" / "telegram"
BOT = Bot(123456789, "acme_help_bot")
AT = datetime.fromtimestamp(1_790_000_900, UTC)


def names() -> list[str]:
    """Of all fixtures."""
    return sorted(file.stem for file in FOLDER.glob("*.json"))


@cache
def _text(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def updates(name: str) -> list[dict[str, Any]]:
    """One or several updates."""
    found = json.loads(_text(name))
    return found if isinstance(found, list) else [found]


def raw(update: Any, at: datetime | None = AT) -> RawEvent:
    """As it reaches the hub."""
    return RawEvent("telegram", "123456789", json.dumps(update).encode(), {}, at)


def reader() -> Reader:
    """With nothing remembered."""
    return Reader(BOT, timedelta(days=2))
