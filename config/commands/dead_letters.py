"""``switchboard dead-letters``: what could not be delivered, and another try."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import click

from config.commands.event_loop import run_async
from config.commands.safe_echo import echo_line
from config.commands.store_lines import ask
from config.settings import read_settings
from core.ports.store import Outbox

_SHOWN = 160
_COMMAND = {"command": "dead-letters"}


def show(limit: int) -> None:
    """Oldest first."""
    letters = run_async(ask(read_settings(), {**_COMMAND, "do": "list", "limit": limit}, answers))
    for letter in letters:
        echo_line(f"{letter['id']}  {letter['died_at']}  {letter['conversation']}  {letter['error']}")
        echo_line(f"    {letter['text']}")
    if not letters:
        click.echo("There are no dead letters.")


def retry(delivery_id: str) -> int:
    """0 when it will be sent again, 1 when there is none of that id."""
    if run_async(ask(read_settings(), {**_COMMAND, "do": "retry", "id": delivery_id}, answers)):
        click.echo("It will be sent again.")
        return 0
    click.echo(f"There is no dead letter {delivery_id}.", err=True)
    return 1


async def answers(store: Outbox, request: Mapping[str, Any]) -> AsyncIterator[dict[str, Any]]:
    """What is asked for, as lines for the local socket: a letter each, or the id that was revived."""
    if request.get("do") == "retry":
        delivery_id = str(request.get("id"))
        if await store.revive(delivery_id):
            yield {"id": delivery_id}
        return
    for letter in await store.dead_letters(int(request.get("limit") or 50)):
        yield {
            "id": letter.id,
            "died_at": f"{letter.died_at:%Y-%m-%d %H:%M:%S}",
            "conversation": str(letter.conversation),
            "error": " ".join(str(letter.error).split())[:_SHOWN],
            "text": " ".join(letter.text.split())[:_SHOWN],
        }
