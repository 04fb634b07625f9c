"""Runs a program and watches the memory of all its processes."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[2]
_PAUSE = 0.1


@dataclass(frozen=True, slots=True)
class Watched:
    """``measured``: see bench.beside.contract.run. ``peak_mb``: of all its processes together, shared pages divided."""

    measured: dict[str, Any]
    peak_mb: float


def watch(command: Sequence[str]) -> Watched:
    """Raises RuntimeError with the end of what it said when it fails."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, stderr=errors, text=True
        )
        peak = _Peak(process.pid)
        peak.start()
        output, _ = process.communicate()
        peak.done.set()
        peak.join()
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{' '.join(command[:3])}: {errors.read()[-2000:]}")
    return Watched(json.loads(output.strip().splitlines()[-1]), peak.bytes / 1e6)


class _Peak(threading.Thread):
    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.bytes = 0
        self.done = threading.Event()

    def run(self) -> None:
        while not self.done.wait(_PAUSE):
            with contextlib.suppress(psutil.Error):
                root = psutil.Process(self._pid)
                self.bytes = max(self.bytes, sum(map(_held, (root, *root.children(recursive=True)))))


def _held(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


def _environment() -> dict[str, str]:
    """No program reports to its makers or asks a hub for models."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "ANONYMIZED_TELEMETRY": "False",
        "HAYSTACK_TELEMETRY_ENABLED": "False",
        "TOKENIZERS_PARALLELISM": "true",
    }
