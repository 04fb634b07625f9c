"""The test's ends of the pipes to the indexer and to the onlookers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from types import TracebackType
from typing import Any

from tests.servers.programs import ROOT


class Program:
    """One of them. Faults that it tells of are kept."""

    def __init__(self, module: str, settings: dict[str, str]) -> None:
        command = [sys.executable, "-m", f"tests.faults.knowledge.{module}", json.dumps(settings)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.faults: list[str] = []

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def ask(self, what: str = "") -> None:
        """A line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """No more lines."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def until(self, name: str) -> dict[str, Any]:
        """Everything that it says, up to and with ``name``."""
        assert self._process.stdout is not None
        said: dict[str, Any] = {}
        while name not in said:
            line = self._process.stdout.readline()
            assert line, f"it ended; faults: {self.faults}"
            told = json.loads(line)
            if "fault" in told:
                self.faults.append(told["fault"])
            said.update(told)
            assert name == "ended" or "ended" not in said, f"the run ended early; faults: {self.faults}"
        return said


def kill(pid: int) -> None:
    """With -9. One that has ended is not waited for before the test says so, so its number is nobody else's."""
    os.kill(pid, signal.SIGKILL)
