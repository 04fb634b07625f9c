"""``switchboard customers``: everything that is kept of a customer, shown as JSON lines or erased."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line, printable
from config.commands.store_lines import ask
from config.desk.erased import closing_posts, mail_thread_without
from config.settings import Settings, read_settings
from core.attachments.stale_files import remove_stale
from core.storage.personal_scope import SeveralCustomersError, identity_names
from core.storage.store import SqlStore
from handoff.texts import say
from handoff.waits.requests import OPERATOR

_DAY = 86_400.0
_PIECE = 8_000
"""Characters of a row that go in one line of the local socket, which holds 64 KB."""
_SLACK_KEEPS = "What staff read and wrote in Slack, by mail or in other systems is kept there: delete it there."
_SEVERAL = "Several customers have this address, and no code links them. Name one of them:"
_UNREAD = (
    "Rows of the table quarantine name an address of theirs and may be somebody else's. Delete those that are theirs:"
)


def export(address: str, *, only: bool) -> int:
    """One row a line. 0 when there is something, 1 when nothing is known."""
    text = "".join(line["text"] for line in _asked({"do": "export", "address": address, "only": only}))
    click.echo(text, nl=False)
    return 0 if text else _nothing(address)


def erase(address: str, *, only: bool, yes: bool) -> int:
    """0 when it is erased, 1 when nothing is known."""
    request = {"address": address, "only": only}
    who = _asked({**request, "do": "who"})
    if not who:
        return _nothing(address)
    for line in who:
        echo_line(line["id"])
    if not yes:
        click.confirm("Erase everything that is kept of these identities?", abort=True)
    for line in _asked({**request, "do": "erase"}):
        echo_line(line["text"])
    return 0


def _nothing(address: str) -> int:
    click.echo(printable(f"Nothing is kept of {address}."), err=True)
    return 1


def _asked(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    settings = read_settings()
    lines = run_async(ask(settings, {"command": "customers", **request}, partial(customer_lines, settings)))
    if several := [line["id"] for line in lines if line.get("several")]:
        raise click.UsageError("\n  ".join([_SEVERAL, *map(printable, several)]))
    return lines


async def customer_lines(
    settings: Settings, store: SqlStore, request: Mapping[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket; for an address of several customers, what to call each of them."""
    try:
        async for line in _lines(settings, store, request):
            yield line
    except SeveralCustomersError as error:
        for name in error.names:
            yield {"id": name, "several": True}


async def _lines(settings: Settings, store: SqlStore, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    address, only = str(request.get("address")), bool(request.get("only"))
    if request.get("do") == "erase":
        closing = partial(
            closing_posts, settings.desk_language, say("staff_erased", settings.desk_language, name=OPERATOR)
        )
        done = await store.erase_customer(address, closing, mail_thread_without, OPERATOR, only=only)
        files = await _remove_files(settings, store)
        counts = f"{done.conversations} conversations, {done.messages} messages, {files} files"
        told = f" Staff were told in {done.open_cases} open cases, which are closed." if done.open_cases else ""
        yield {"id": address, "text": f"Erased: {counts}.{told}"}
        yield {"id": address, "text": _SLACK_KEEPS}
        if done.unread:
            yield {"id": address, "text": _UNREAD}
        for one in done.unread:
            yield {"id": one, "text": one}
        return
    rows = await store.export_customer(address, only=only)
    if request.get("do") == "who":
        for kind, row in rows:
            if kind == "identity":
                yield {"id": identity_names(SimpleNamespace(**row))[-1]}
        return
    for kind, row in rows:
        line = json.dumps({"table": kind, **row}, ensure_ascii=False, default=datetime.timestamp) + "\n"
        for place in range(0, len(line), _PIECE):
            yield {"id": address, "text": line[place : place + _PIECE]}


async def _remove_files(settings: Settings, store: SqlStore) -> int:
    """Their rows name no message any more. What cannot be deleted now, the daily sweep tries again."""
    from config.parts import make_files

    return await remove_stale(store, make_files(settings), _DAY)
