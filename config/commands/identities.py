"""``switchboard identities``: which addresses were linked with one, and undoing it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line, printable
from config.commands.store_lines import ask
from config.settings import read_settings
from core.domain.customer import IdentityLink
from core.storage.store import SqlStore


def show(address: str, *, unlink: bool) -> int:
    """0 when there are links, 1 when there are none."""
    lines = run_async(ask(read_settings(), {"command": "identities", "address": address, "unlink": unlink}, link_lines))
    for line in lines:
        echo_line(line["text"])
    if not lines:
        click.echo(f"{printable(address)} was never linked with another address.", err=True)
    return 0 if lines else 1


async def link_lines(store: SqlStore, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """A line for each link, as it is afterwards, for the local socket."""
    address = str(request.get("address"))
    if request.get("unlink"):
        await store.unlink(address, "operator")
    for number, one in enumerate(await store.links(address)):
        yield {"id": str(number), "text": _line(one)}


def _line(link: IdentityLink) -> str:
    undone = f", undone {link.undone_at:%Y-%m-%d %H:%M:%S} by {link.undone_by}" if link.undone_at else ""
    between = " and ".join(link.identities)
    return f"{link.at:%Y-%m-%d %H:%M:%S}  {between}, by a code in conversation {link.conversation_id}{undone}"
