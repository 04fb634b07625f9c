"""The owner of DATA_DIR serves other commands of the same machine user through a Unix socket in it.

A client writes one line of JSON, ``{"command": ...}``; what follows belongs to the command: progress as JSON lines for
``index``, the lines of a conversation for ``chat``. Whoever can open the socket could also read DATA_DIR.
Where the system tells who connects, only the server's own user and root are served.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import structlog

from core.domain.errors import HubError, NotAllowed
from core.end_tasks import end_tasks

log = structlog.get_logger(__name__)

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Command = Callable[[Mapping[str, Any], asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_NAME, _ELSEWHERE = "switchboard.sock", "switchboard.sock.path"
_CREDENTIALS = struct.Struct("3i")
_LONGEST_PATH = 100  # bytes that a socket's address holds on every Unix, less a margin


def _new_path(data_dir: Path) -> Path:
    """Where the server puts the socket; in the temporary directory when DATA_DIR's path is too long for an address."""
    inside = (data_dir / _NAME).absolute()
    if len(str(inside).encode()) <= _LONGEST_PATH:
        return inside
    status = data_dir.stat()
    return Path(tempfile.gettempdir()) / f"switchboard-{status.st_dev:x}-{status.st_ino:x}.sock"


def _known_path(data_dir: Path) -> Path:
    """Where it is. A client may have another temporary directory than the server, which therefore says where its socket lies."""
    try:
        return Path((data_dir / _ELSEWHERE).read_text(encoding="utf-8"))
    except OSError:
        return (data_dir / _NAME).absolute()


class LocalSocket:
    """The server's side."""

    def __init__(self, data_dir: Path, commands: Mapping[str, Command]) -> None:
        self._path = _new_path(data_dir)
        self._elsewhere = data_dir / _ELSEWHERE
        self._commands = commands
        self._server: asyncio.AbstractServer | None = None
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. The caller owns DATA_DIR, so a socket that lies there is a dead one's."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self._path))
        self._path.chmod(0o600)
        self._elsewhere.unlink(missing_ok=True)
        if self._path.name != _NAME:
            self._elsewhere.write_text(str(self._path), encoding="utf-8")

    async def stop(self) -> None:
        """Stop listening and end the commands that are being served."""
        if self._server is None:
            return
        self._server.close()
        await end_tasks(*self._open)
        for file in (self._path, self._elsewhere):
            file.unlink(missing_ok=True)
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            _require_own_user(writer)
            await self._run(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        except HubError as error:
            await write_line(writer, {"error": error.detail})
        except Exception:
            log.exception("local_socket.failed")
            with contextlib.suppress(ConnectionError):
                await write_line(writer, {"error": "The server could not do that; its log says why."})
        finally:
            self._open.discard(task)
            writer.close()

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await read_line(reader)
        command = self._commands.get(str(request.get("command"))) if request else None
        if request is None or command is None:
            await write_line(writer, {"error": f"Unknown command. Known: {', '.join(sorted(self._commands))}."})
            return
        await command(request, reader, writer)


def _require_own_user(writer: asyncio.StreamWriter) -> None:
    """Raises NotAllowed. Linux tells who connects (unix(7), SO_PEERCRED); elsewhere the socket's mode keeps others out."""
    option = getattr(socket, "SO_PEERCRED", None)
    connection = writer.get_extra_info("socket")
    if option is None or connection is None:
        return
    _pid, uid, _gid = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size))
    if uid not in _served_users():
        raise NotAllowed("This server belongs to another user.")


def _served_users() -> set[int]:
    return {0, os.geteuid()}


async def connect(data_dir: Path, request: Mapping[str, Any]) -> Streams | None:
    """Ask the server that owns ``data_dir``; None when none is running."""
    path = str(_known_path(data_dir))
    if len(path.encode()) > _LONGEST_PATH:  # there is no socket of that name, and asking for one is an error
        return None
    try:
        reader, writer = await asyncio.open_unix_connection(path)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    await write_line(writer, request)
    return reader, writer


async def write_line(writer: asyncio.StreamWriter, value: Mapping[str, Any]) -> None:
    """One JSON object on a line."""
    writer.write(json.dumps(value, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


async def read_line(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next JSON object; None at the end, or for what is not one."""
    line = await reader.readline()
    with contextlib.suppress(ValueError):
        value = json.loads(line)
        if isinstance(value, dict):
            return value
    return None
