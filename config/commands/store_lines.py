"""What a command wants to know of the store, line by line: from the running server, or from the database where none runs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from config.processes.data_dir import DataDirLock
from config.processes.local_socket import connect, read_line
from config.settings import Settings
from config.store import make_store
from core.clock import SystemClock
from core.domain.errors import ConfigError
from core.storage.migrate import migrate
from core.storage.store import SqlStore

Answers = Callable[[SqlStore, Mapping[str, Any]], AsyncIterator[dict[str, Any]]]


async def ask(settings: Settings, request: Mapping[str, Any], answers: Answers) -> list[dict[str, Any]]:
    """The running server where the database is its own file; otherwise the database itself. ``request`` names the command."""
    if not settings.uses_sqlite:
        return await _ask_database(settings, request, answers)
    remote = await connect(settings.data_dir, request)
    if remote is None:
        lock = DataDirLock(settings.data_dir)
        lock.require()
        try:
            return await _ask_database(settings, request, answers)
        finally:
            lock.release()
    reader, writer = remote
    with contextlib.closing(writer):
        lines: list[dict[str, Any]] = []
        while (line := await read_line(reader)) is not None and "end" not in line:
            if "id" not in line:
                raise ConfigError(line.get("error", "The server answered something that is not understood."))
            lines.append(line)
        if line is None:
            raise ConfigError("The server went away before it had answered. Run the command again.")
        return lines


async def _ask_database(settings: Settings, request: Mapping[str, Any], answers: Answers) -> list[dict[str, Any]]:
    await migrate(settings.effective_database_url)
    store = make_store(settings, SystemClock())
    await store.open()
    try:
        return [line async for line in answers(store, request)]
    finally:
        await store.close()
