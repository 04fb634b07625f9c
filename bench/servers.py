"""Starts what is measured, on both databases, with everything durable."""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.load import SECRET
from tests.servers.hub import UNLIMITED
from tests.servers.postgres import postgres
from tests.servers.process import ServerProcess, free_port

ROOT = Path(__file__).parents[1]


def _live(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty database with full durability, ``sqlite`` or ``postgres``."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
            yield f"sqlite:///{folder}/switchboard.db"
    else:
        with postgres(durable=True) as server:
            name = asyncio.run(server.create_database())
            yield server.url(name)


@contextmanager
def process(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[tuple[int, int]]:
    """``python -m module``: its port and its process id."""
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as folder:
        port = free_port()
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": folder,
            "PORT": str(port),
            "DATA_DIR": f"{folder}/var",
            "SECRET_KEY": SECRET,
            "LOG_LEVEL": "warning",
            "KNOWLEDGE_SOURCES": "none",
            **UNLIMITED,
            **(environment or {}),
        }
        server = ServerProcess(
            [sys.executable, "-m", module, *(argument.format(port=port) for argument in arguments)],
            log=Path(folder) / "log",
            cwd=Path(folder),
            env=env,
        )
        server.start()
        try:
            server.wait_ready(lambda: _live(port), timeout=60)
            yield port, server.pid
        finally:
            server.end()
