"""What runs the model says nothing of it to its makers, and keeps nothing for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.programs import ROOT

_COMMAND = """
import sys
from config.cli import main
main(["learned", "list"], standalone_mode=False)
from config.processes.environment import program_environment
assert program_environment()["ORT_DISABLE_TELEMETRY"] == "1", "the programs beside the hub have it, too"
import onnxruntime
"""


def test_onnx_runtime_collects_nothing(tmp_path: Path) -> None:
    """Left alone, it begins a database of events in the user's cache when it is imported, and sends them to Microsoft."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DATA_DIR": str(tmp_path / "var")}
    subprocess.run([sys.executable, "-c", _COMMAND], cwd=ROOT, env=environment, check=True, timeout=120)
    assert list(home.iterdir()) == []
