"""The hub as its users run it: a process of its own, on a free port, that a test may freeze, kill and start again."""

from __future__ import annotations

import http.client
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.servers.forked import CAN_FORK
from tests.servers.models import MODELS
from tests.servers.process import ServerProcess, free_port
from tests.servers.programs import ROOT

SECRET_KEY = "a-secret-key-for-tests-only-0123456789abcdef"

UNLIMITED = dict.fromkeys(
    (
        "SESSIONS_PER_ADDRESS",
        "SESSIONS_IN_ALL",
        "MESSAGES_IN_ALL",
        "UPLOADS_IN_ALL",
        "MESSAGES_PER_ADDRESS",
        "UPLOADS_PER_ADDRESS",
        "UNSENT_BYTES_PER_ADDRESS",
        "FILE_BYTES_PER_ADDRESS",
        "FILE_BYTES_IN_ALL",
        "ESCALATIONS_PER_CUSTOMER",
        "ESCALATIONS_IN_ALL",
        "DISK_RESERVE_BYTES",
    ),
    "0",
)
"""All clients of a test have one address."""


class Hub:
    """``switchboard serve``. Its home is its working directory, so that no settings file is picked up by chance.

    ``sources`` are its documents; without any it starts in a second and loads no model. ``sample`` are those of the demo.
    It is forked from a process that has imported the product; ``fresh`` starts Python itself, as a user does. ``bare``: of its
    settings only the port stands in the environment, so that all others are defaults or come from files in its home.
    """

    def __init__(
        self,
        home: Path,
        *,
        database_url: str | None = None,
        role: str = "all",
        sources: str = "none",
        port: int | None = None,
        environment: Mapping[str, str] | None = None,
        launcher: Sequence[str] = ("-m", "config.cli"),
        fresh: bool = False,
        bare: bool = False,
    ) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.port = port or free_port()
        self.data_dir = home / "var"
        self.environment = {
            **_inherited(),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            "HOME": str(home),
            "PORT": str(self.port),
            "EMBEDDING_CACHE": str(MODELS),
            **({} if bare else _settings(self.data_dir, sources)),
            **({"DATABASE_URL": database_url} if database_url else {}),
            **(environment or {}),
        }
        self._process = ServerProcess(
            [sys.executable, *launcher, "serve", "--role", role],
            log=home / f"{role}.log",
            cwd=home,
            env=self.environment,
            forked=CAN_FORK and not fresh and launcher[0] == "-m",
        )

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws_url(self) -> str:
        """The address of its WebSocket."""
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there; a frozen one is."""
        return self._process.running

    @property
    def log(self) -> Path:
        """Everything that it wrote, over all its starts."""
        return self._process.log

    def start(self, timeout: float = 180.0) -> float:
        """Start it; seconds until it was live. Raises NotReady with its log."""
        self._process.start()
        return self._process.wait_ready(self.is_live, timeout)

    def stop(self, timeout: float = 120.0) -> int:
        """SIGTERM and wait: its exit code. It finishes what it has begun."""
        if self.running:
            self._process.end(signal.SIGTERM, timeout)
        return self._process.returncode or 0

    def kill(self) -> None:
        """SIGKILL: nothing is finished."""
        self._process.end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: the process stands still while the world goes on."""
        self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on and believes that no time has passed."""
        self._process.send(signal.SIGCONT)

    def restart(self, timeout: float = 180.0) -> float:
        """Kill it if it runs, and start it on the same port with the same data."""
        self.kill()
        return self.start(timeout)

    def is_live(self) -> bool:
        """Whether GET /health/live answers 200."""
        return self.get_status("/health/live") == 200

    @property
    def operator(self) -> dict[str, str]:
        """The header by which an operator is known."""
        return {"Authorization": f"Bearer {(self.data_dir / 'operator_token').read_text().strip()}"}

    def get_status(self, path: str, timeout: float = 30.0) -> int | None:
        """The status of a GET; None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def log_tail(self, lines: int = 60) -> str:
        """The end of its log, for failure messages."""
        return self._process.log_tail(lines)


def _settings(data_dir: Path, sources: str) -> dict[str, str]:
    """What most tests want."""
    return {
        "HOST": "127.0.0.1",
        "DATA_DIR": str(data_dir),
        "SECRET_KEY": SECRET_KEY,
        "LOG_FORMAT": "json",
        "KNOWLEDGE_SOURCES": sources,
        **UNLIMITED,
    }


def _inherited() -> dict[str, str]:
    names = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ", "SSL_CERT_FILE")
    return {name: os.environ[name] for name in names if name in os.environ}
