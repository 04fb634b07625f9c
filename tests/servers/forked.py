"""Python programs that begin where their imports end: most of a second start of a hub is reading the same libraries again."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from tests.servers.programs import ROOT

READ, APPEND = os.O_RDONLY, os.O_WRONLY | os.O_CREAT | os.O_APPEND

_PATIENCE = 60.0
"""Seconds that it gets to end by itself."""

CAN_FORK = sys.platform == "linux"


class Forked:
    """``python -m MODULE ARGUMENTS``, forked from a process that has imported the product. What ``Popen`` has of the same name
    means the same."""

    def __init__(
        self,
        module: str,
        arguments: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        output: Path,
        errors: Path | None = None,
        read: Path = Path(os.devnull),
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self._server = _server()
        self.returncode: int | None = None
        self.pid = self._server.ask(
            module=module,
            arguments=list(arguments),
            cwd=str(cwd),
            environment=dict(environment),
            death_signal=int(death_signal),
            files=[(str(read), READ), (str(output), APPEND), (str(errors or output), APPEND)],
        )
        self._descriptor = os.pidfd_open(self.pid)
        self._ended = select.poll()
        self._ended.register(self._descriptor, select.POLLIN)
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._after(0)

    def wait(self, timeout: float) -> int:
        """Raises subprocess.TimeoutExpired."""
        code = self._after(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("forked", timeout)
        return code

    def _after(self, seconds: float) -> int | None:
        with self._lock:
            if self.returncode is None and self._ended.poll(seconds * 1000):
                self.returncode = self._server.ask(wait=self.pid)
                os.close(self._descriptor)
            return self.returncode


class _ForkServer:
    """The process that is forked; one for each process of a test run. It ends with it: nobody can order any more."""

    def __init__(self) -> None:
        theirs, self._orders = os.pipe()
        answers, told = os.pipe()
        self._lock = threading.Lock()
        names = ("PATH", "LANG", "LC_ALL", "TMPDIR", "HOME")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.servers.fork_server", str(theirs), str(told)],
            cwd=ROOT,
            env={
                **{name: os.environ[name] for name in names if name in os.environ},
                "PYTHONPATH": str(ROOT),
                "PYTHONUNBUFFERED": "1",
                "PYTHONIOENCODING": "utf-8",
            },
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs, told),
        )
        os.close(theirs)
        os.close(told)
        self._answers = os.fdopen(answers, "rb")
        atexit.register(self._end)

    def _end(self) -> None:
        os.close(self._orders)
        self._answers.close()
        self._process.wait(_PATIENCE)

    def ask(self, **order: Any) -> int:
        """A process's id, or the exit code of one that has ended."""
        with self._lock:
            os.write(self._orders, json.dumps(order).encode() + b"\n")
            answer = self._answers.readline()
        assert answer, f"the process that is forked ended with {self._process.poll()}"
        return int(answer)


_only_one = threading.Lock()


def _server() -> _ForkServer:
    with _only_one:
        return _made()


@cache
def _made() -> _ForkServer:
    return _ForkServer()
