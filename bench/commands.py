"""Commands that only look, as processes: what a person waits for who asks what is wrong, or what is known."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.report import Figure, Report
from bench.servers import ROOT
from tests.servers.sqlite import new_sqlite

_COMMANDS = ("doctor", "gaps", "index --status")
_RUNS = 5


def run(report: Report) -> None:
    """The median of a few runs, in a data folder with a database and without a model; the floor is Python that starts."""
    with tempfile.TemporaryDirectory(prefix="switchboard-bench-") as place:
        folder = Path(place)
        (folder / "var").mkdir(mode=0o700)
        new_sqlite(folder / "var/switchboard.db")
        floor = _seconds(folder, ["-c", "import click, pydantic_settings"])
        for command in _COMMANDS:
            took = _seconds(folder, ["-m", "config.cli", *command.split()])
            report.add(
                Figure(f"switchboard {command}", took * 1000, "ms", floor * 1000, "importing pydantic", "1,000 ms")
            )


def _seconds(folder: Path, arguments: list[str]) -> float:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATA_DIR": str(folder / "var"), "PORT": "0"}
    took = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, check=True)
        took.append(time.perf_counter() - began)
    return sorted(took)[_RUNS // 2]
