"""A PostgreSQL server of the test run's own: fresh databases from a template, and stop, kill and start for faults."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import asyncpg
import psutil

from tests.servers import programs
from tests.servers.process import ServerProcess, free_port
from tests.servers.small_disk import SmallDisk

StopMode = Literal["smart", "fast", "immediate"]
_STOP = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer:
    """One cluster. ``durable`` keeps fsync on, as fault tests and measurements need it."""

    def __init__(self, directory: Path, *, durable: bool = False, disk: SmallDisk | None = None) -> None:
        self.directory = directory
        self._data = (disk.path if disk else directory) / "data"
        self._prefix = disk.prefix if disk else ()
        self.port = free_port()
        self._binaries = programs.postgres_binaries()
        self._user = programs.server_user()
        self._numbers = itertools.count(1)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(directory),
            "max_connections": "200",
            "log_min_messages": "warning",
            **({} if durable else _QUICK),
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = ServerProcess(
            [*self._prefix, self._binaries / "postgres", "-D", self._data, *arguments],
            log=directory / "log",
            cwd=directory,
            user=self._user,
            death_signal=signal.SIGQUIT,
        )

    def initialise(self) -> None:
        """Make the cluster's files."""
        command = [*self._prefix, self._binaries / "initdb", "-D", self._data, "-A", "trust", "-U", "postgres"]
        options = ["--no-sync", "-E", "UTF8", "--locale=C", "--wal-segsize=4"]
        subprocess.run(
            [*map(str, command), *options],
            cwd=self.directory,
            user=self._user,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(self._answers, timeout=60)

    def stop(self, mode: StopMode = "fast") -> None:
        """Smart waits for clients, fast disconnects them, immediate leaves recovery to the next start."""
        self._process.end(_STOP[mode])

    def kill(self) -> None:
        """As if the machine had failed: SIGKILL to the server and to each of its processes."""
        if not self.running:
            return
        children = psutil.Process(self._process.pid).children(recursive=True)
        self._process.end(signal.SIGKILL)
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
        psutil.wait_procs(children, timeout=10)  # a new server refuses to start while one of them holds its memory

    def freeze(self) -> None:
        """Stop the clock of the server's main process: new connections hang."""
        self._process.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo ``freeze``."""
        self._process.send(signal.SIGCONT)

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self._process.running

    def url(self, database: str) -> str:
        """A plain address, as a user writes it in DATABASE_URL."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    async def create_database(self, template: str = "template0") -> str:
        """The name of a new database that is a copy of ``template``."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        await self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        return name

    async def drop_database(self, name: str) -> None:
        """Drop it, disconnecting whoever still uses it."""
        await self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside a transaction."""
        connection = await asyncpg.connect(self.url(database), timeout=60)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _answers(self) -> bool:
        probe = [self._binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        return subprocess.run([*map(str, probe)], check=False).returncode == 0


@contextmanager
def postgres(*, durable: bool = False, disk: SmallDisk | None = None) -> Iterator[PostgresServer]:
    """A running server with a directory of its own, its data on ``disk`` if given; stopped at the end, files removed."""
    home = Path(tempfile.mkdtemp(prefix="switchboard-postgres-"))
    user = programs.server_user()
    if user is not None:
        shutil.chown(home, user)
        if disk is not None:
            shutil.chown(disk.path, user)
    server = PostgresServer(home, durable=durable, disk=disk)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop("immediate")
        shutil.rmtree(home, ignore_errors=True)
