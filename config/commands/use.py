"""``switchboard customers use``: which tokens of models were used, and what they cost."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.settings import read_settings

_DAY = 86_400


class UseRecords(Protocol):
    """The counts of use in the database."""

    async def model_use(self, by: str, since: float, limit: int) -> Sequence[dict[str, Any]]: ...


def show(by: str, days: int, limit: int, *, as_json: bool) -> None:
    """A line for each customer, conversation, day, or model and task; the most expensive first, days the newest first."""
    request = {"command": "use", "by": by, "days": days, "limit": limit}
    found = [line["use"] for line in run_async(ask(read_settings(), request, use_lines))]
    if as_json:
        click.echo(json.dumps({"use": found}, ensure_ascii=False, indent=2))
        return
    for one in found:
        echo_line(_line(one))
    if not found:
        click.echo("No model was called.")


async def use_lines(records: UseRecords, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket."""
    today = time.time() // _DAY * _DAY
    since = today - (int(request.get("days") or 1) - 1) * _DAY
    for one in await records.model_use(str(request.get("by")), since, int(request.get("limit") or 1)):
        if "day" in one:
            one["day"] = datetime.fromtimestamp(one["day"], UTC).date().isoformat()
        yield {"id": "use", "use": one}


def _line(one: Mapping[str, Any]) -> str:
    names = [str(one[name]) for name in ("day", "address", "conversation_id", "model", "task") if one.get(name)]
    who = "  ".join(names) or str(one.get("customer_id") or "the hub itself")
    estimated = f", {one['estimated_calls']} estimated" if one["estimated_calls"] else ""
    tokens = f"{one['input_tokens']} tokens in ({one['cached_tokens']} cached), {one['output_tokens']} out"
    return f"{one['cost']:12.4f}  {who}: {one['calls']} calls{estimated}, {tokens}"
