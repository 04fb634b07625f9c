"""A child process that cannot outlive the test run: started, waited for, signalled and stopped by its own id."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.servers.forked import Forked

PR_SET_PDEATHSIG = 1


class NotReady(AssertionError):
    """The program ended, or did not answer in time; the message holds the end of its log."""


class ServerProcess:
    """One program. ``user`` is for programs that refuse to run as root; ``log`` gets all of its output.

    ``forked``: ``python -m MODULE ARGUMENTS`` begins where the product is imported already.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        death_signal: signal.Signals = signal.SIGKILL,
        forked: bool = False,
    ) -> None:
        self._argv = [str(part) for part in argv]
        self._cwd = cwd
        self._env = env  # as it is at the next start
        self._user = user
        self._death_signal = death_signal
        self._forked = forked
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self.log = log

    @property
    def pid(self) -> int:
        """Its id; only while it runs or until it is waited for."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended (a frozen process runs)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it; does not wait until it answers."""
        assert not self.running, f"{self._argv[0]} runs already"
        self._process = self._fork() if self._forked else self._popen()

    def _fork(self) -> Forked:
        _, _, module, *arguments = self._argv
        return Forked(
            module,
            arguments,
            cwd=self._cwd,
            environment=self._env or {},
            output=self.log,
            death_signal=self._death_signal,
        )

    def _popen(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self._argv,
                cwd=self._cwd,
                env=self._env,
                user=self._user,
                group=_group_of(self._user),
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=self._die_with_parent if sys.platform == "linux" else None,
            )

    def wait_ready(self, is_ready: Callable[[], bool], timeout: float = 120.0) -> float:
        """Seconds until ``is_ready``. Raises NotReady when the program ends or takes longer than ``timeout``."""
        started = time.monotonic()
        while not is_ready():
            if not self.running:
                raise NotReady(f"{self._argv[0]} ended with {self.returncode}:\n{self.log_tail()}")
            if time.monotonic() - started > timeout:
                raise NotReady(f"{self._argv[0]} did not answer within {timeout} s:\n{self.log_tail()}")
            time.sleep(0.02)
        return time.monotonic() - started

    @property
    def returncode(self) -> int | None:
        """Its exit code once it has ended; negative for a signal."""
        return None if self._process is None else self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.running:
            os.kill(self.pid, number)

    def wait(self, timeout: float = 120.0) -> int:
        """Its exit code. Raises NotReady when it does not end in time."""
        assert self._process is not None, "not started"
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise NotReady(f"{self._argv[0]} did not end within {timeout} s:\n{self.log_tail()}") from None

    def end(self, number: signal.Signals = signal.SIGTERM, timeout: float = 120.0) -> None:
        """Stop it with ``number``; with SIGKILL when that takes too long. Does nothing when it does not run."""
        if not self.running:
            return
        self.send(number)
        self.send(signal.SIGCONT)
        try:
            self.wait(timeout)
        except NotReady:
            self.send(signal.SIGKILL)
            self.wait(10)
            raise

    def log_tail(self, lines: int = 40) -> str:
        """The end of its log, for failure messages."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _die_with_parent(self) -> None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(self._death_signal))


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


_given: set[int] = set()
_FIRST, _EACH, _WORKERS = 20_000, 1_500, 8
"""Ports of tests: the first, how many each worker of a run has, and for how many workers there are some."""


def free_port() -> int:
    """A loopback port that nobody listens on and that this run has not given away before.

    Below those that the system gives to outgoing connections (Linux: from 32768 on), and of each worker's own: so nobody takes
    it while a server is killed and started again.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    while True:
        port = _FIRST + worker * _EACH + secrets.randbelow(_EACH)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _given:
                _given.add(port)
                return port


def listens(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
