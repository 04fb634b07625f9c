"""A Redis server of the test run's own, in memory only."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import programs
from tests.servers.process import ServerProcess, free_port, listens


class RedisServer:
    """``start``, ``stop`` and ``kill`` for tests of what happens without it."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        flags = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(directory)]
        self._process = ServerProcess(
            [programs.redis_server(), "--port", str(self.port), *flags], log=directory / "log", cwd=directory
        )

    @property
    def url(self) -> str:
        """As in REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(lambda: listens(self.port))

    def stop(self) -> None:
        """End it in good order."""
        self._process.end()

    def kill(self) -> None:
        """End it at once."""
        self._process.end(signal.SIGKILL)


@contextmanager
def redis() -> Iterator[RedisServer]:
    """A running server; stopped at the end."""
    home = Path(tempfile.mkdtemp(prefix="switchboard-redis-"))
    server = RedisServer(home)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)
