"""Commands find the server that owns a DATA_DIR, however long its path and whatever their temporary directory is."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.processes import local_socket
from config.processes.local_socket import LocalSocket, connect, read_line, write_line


async def _echo(request: Mapping[str, Any], _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await write_line(writer, {"said": request["say"]})


async def _asked(data_dir: Path) -> object:
    streams = await connect(data_dir, {"command": "echo", "say": "hello"})
    if streams is None:
        return None
    reader, writer = streams
    try:
        return await read_line(reader)
    finally:
        writer.close()


@pytest.mark.parametrize("name", ["var", "a-path-that-no-address-of-a-socket-can-hold" * 3])
async def test_a_command_with_another_temporary_directory_finds_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    data_dir = tmp_path / name
    data_dir.mkdir()
    server = LocalSocket(data_dir, {"echo": _echo})
    await server.start()
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert await _asked(data_dir) == {"said": "hello"}
    finally:
        await server.stop()
    assert await _asked(data_dir) is None
    assert list(data_dir.iterdir()) == []


async def test_other_users_are_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = LocalSocket(tmp_path, {"echo": _echo})
    await server.start()
    try:
        monkeypatch.setattr(local_socket, "_served_users", lambda: {os.geteuid() + 1})
        assert await _asked(tmp_path) == {"error": "This server belongs to another user."}
    finally:
        await server.stop()
