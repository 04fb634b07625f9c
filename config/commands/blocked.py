"""``switchboard blocked``: the customers whom staff have blocked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from config.commands.event_loop import run_async
from config.commands.store_lines import ask
from config.settings import read_settings
from core.ports.blocks import Blocks

_REASON = 200


def show() -> None:
    """The last one first."""
    lines = run_async(ask(read_settings(), {"command": "blocked"}, blocked_lines))
    for line in lines:
        click.echo(line["text"])
    if not lines:
        click.echo("Nobody is blocked.")


async def blocked_lines(blocks: Blocks, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """A line for each, for the local socket."""
    for one in await blocks.blocked():
        who = " ".join([*([one.name] if one.name else []), *one.identities])
        why = f": {' '.join(one.reason.split())[:_REASON]}" if one.reason else ""
        yield {
            "id": one.customer_id,
            "text": f"{one.at:%Y-%m-%d %H:%M:%S}  {who}  by {one.by}, case {one.case_id}{why}",
        }
