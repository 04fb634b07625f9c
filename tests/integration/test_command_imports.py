"""What the command line leaves unloaded takes no command away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_EVERY_COMMAND = """
import importlib, pkgutil
import config.commands
from config.cli import main

main.callback()
for module in pkgutil.iter_modules(config.commands.__path__, "config.commands."):
    importlib.import_module(module.name)
"""


def test_every_command_can_load_its_parts(tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    program = [sys.executable, "-c", _EVERY_COMMAND]
    ran = subprocess.run(program, cwd=tmp_path, env={"PYTHONPATH": root}, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
