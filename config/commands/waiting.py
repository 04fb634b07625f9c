"""``switchboard waiting``: the customers who wait for a person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Any

import click

from api.operator_schemas import WaitingCustomer
from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.desk.staffed import desk_account
from config.settings import Settings, read_settings
from handoff.waits.requests import Requests, RequestStore

_COMMAND = {"command": "waiting"}
_SHOWN = 120


def show(limit: int, *, as_json: bool) -> None:
    """The longest waiting first; in JSON as ``GET /api/waiting`` gives it."""
    found = [line["customer"] for line in _asked({"do": "list", "limit": limit})]
    if as_json:
        click.echo(json.dumps({"waiting": found}, ensure_ascii=False, indent=2))
        return
    for one in found:
        _print(one)
    if not found:
        click.echo("Nobody is waiting for a person.")


def mark_done(request_id: str) -> int:
    """0 when it is done, 1 when nobody waits under that id."""
    if _asked({"do": "done", "request": request_id}):
        click.echo("Done. The agent has the conversation again.")
        return 0
    click.echo(f"Nobody is waiting under the id {request_id}. Nothing was changed: see switchboard waiting.", err=True)
    return 1


def _asked(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    settings = read_settings()
    return run_async(ask(settings, {**_COMMAND, **request}, partial(waiting_lines, settings)))


async def waiting_lines(
    settings: Settings, store: RequestStore, request: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket."""
    requests = Requests(store, desk_account(settings), settings.desk_language)
    if request.get("do") == "done":
        request_id = str(request.get("request") or "")
        if await requests.mark_done(request_id):
            yield {"id": request_id}
        return
    for one in await requests.waiting(int(request.get("limit") or 0)):
        yield {"id": one.id, "customer": WaitingCustomer.model_validate(one).model_dump(mode="json")}


def _print(one: Mapping[str, Any]) -> None:
    """Two lines: who and how to reach them, and what they said last."""
    reach = [one["name"], one["email"], one["phone"], one["address"]]
    who = ", ".join(dict.fromkeys(part for part in reach if part)) or "nothing left to reach them by"
    words = one["last_words"]
    echo_line(f"{one['since'][:16].replace('T', ' ')}  {one['channel']:<8} {who}")
    echo_line(f"      {words[:_SHOWN]}{'…' if len(words) > _SHOWN else ''}  {one['id']}")
