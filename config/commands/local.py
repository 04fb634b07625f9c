"""What a running server does for other commands through the local socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from config.commands.blocked import blocked_lines
from config.commands.case import log_lines
from config.commands.customers import customer_lines
from config.commands.dead_letters import answers as dead_letters
from config.commands.experiments import experiment_lines
from config.commands.gaps import gap_lines
from config.commands.identities import link_lines
from config.commands.learned import answers as learned
from config.commands.store_lines import Answers
from config.commands.use import use_lines
from config.commands.waiting import waiting_lines
from config.hub import Hub
from config.processes.local_socket import Command, write_line
from core.domain.knowledge import IndexProgress, IndexReport
from core.end_tasks import end_tasks


def local_commands(hub: Hub) -> Mapping[str, Command]:
    """By name."""

    async def index(request: Mapping[str, Any], _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        updates: asyncio.Queue[IndexProgress | None] = asyncio.Queue()
        paths = [str(path) for path in request.get("paths") or ()]
        run = asyncio.create_task(_index(hub, request, paths, updates.put_nowait))
        run.add_done_callback(lambda _: updates.put_nowait(None))
        try:
            while (update := await updates.get()) is not None:
                await write_line(writer, {"progress": asdict(update)})
        except BaseException:
            await end_tasks(run)
            raise
        await write_line(writer, {"report": asdict(run.result())})

    async def chat(_request: Mapping[str, Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hub.console.serve(reader, writer)

    from_store: Mapping[str, Answers] = {
        "customers": lambda store, request: customer_lines(hub.settings, store, request),
        "dead-letters": dead_letters,
        "case": log_lines,
        "blocked": blocked_lines,
        "learned": learned,
        "experiments": experiment_lines,
        "gaps": gap_lines,
        "identities": link_lines,
        "use": use_lines,
        "waiting": lambda store, request: waiting_lines(hub.settings, store, request),
    }
    commands: dict[str, Command] = {"index": index, "chat": chat}
    return {**commands, **{name: _store_answer(hub, answers) for name, answers in from_store.items()}}


def _store_answer(hub: Hub, answers: Answers) -> Command:
    """What the store answers, line by line."""

    async def tell(request: Mapping[str, Any], _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for line in answers(hub.store, request):
            await write_line(writer, line)
        await write_line(writer, {"end": True})

    return tell


async def _index(
    hub: Hub, request: Mapping[str, Any], paths: Sequence[str], progress: Callable[[IndexProgress], None]
) -> IndexReport:
    if request.get("remove"):
        return await hub.indexing.forget(paths)
    confirmed = bool(request.get("confirm_deletions"))
    return await hub.indexing.run(paths, progress, confirm_deletions=confirmed)
