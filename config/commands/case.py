"""``switchboard case``: the audit log of one case of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from config.commands.event_loop import run_async
from config.commands.store_lines import ask
from config.settings import read_settings
from core.domain.messages import Author
from core.ports.case_files import CaseFiles, LogEntry

_LONGEST = 500


def run(name: str) -> int:
    """0 when it was shown, 1 when there is none of that name."""
    lines = run_async(ask(read_settings(), {"command": "case", "name": name}, log_lines))
    if not lines:
        click.echo(f"There is no case {name}.", err=True)
        return 1
    for line in lines:
        click.echo(line["text"])
    return 0


async def log_lines(files: CaseFiles, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """The log as lines for the local socket; nothing where there is no such case."""
    case_id = await files.case_named(str(request.get("name") or ""))
    if case_id is None:
        return
    yield {"id": case_id, "text": f"Case {case_id}"}
    for entry in await files.case_log(case_id):
        yield {"id": case_id, "text": f"{entry.at:%Y-%m-%d %H:%M:%S}  {_worded(entry)}"}


def _worded(entry: LogEntry) -> str:
    text = " ".join(entry.text.split())[:_LONGEST]
    by = f" by {entry.actor}" if entry.actor else ""
    if entry.ticket is not None:
        return f"ticket {entry.ticket} {entry.what}{by}: {text}"
    if entry.what == "note":
        return f"note{by}: {text}"
    if entry.what == "relayed":
        way = "to staff" if entry.author is Author.CUSTOMER else "to the customer"
        route = f" by {entry.route[0]} to {entry.route[1]}" if entry.route else ""
        outcome = f" [{entry.delivery}]" if entry.delivery else ""
        return f"{way}{by}{route}{outcome}: {text or '(a file)'}"
    owner = f", owner {entry.owner}" if entry.owner else ""
    why = f": {text}" if text else ""
    return f"{entry.what}{by}: {entry.from_state} -> {entry.to_state}{owner}{why}"
