"""What is loaded: every command has all its parts, and a hub without Slack has none of Slack's library."""

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
_HUB = """
import asyncio, sys
from config.hub import Hub
from config.settings import read_settings

async def make():
    Hub(read_settings())

asyncio.run(make())
assert not {"slack_sdk", "slack_bolt"} & sys.modules.keys()
"""


def test_every_command_can_load_its_parts(tmp_path: Path) -> None:
    _run(_EVERY_COMMAND, tmp_path)


def test_a_hub_without_slack_loads_no_library_of_it(tmp_path: Path) -> None:
    _run(_HUB, tmp_path)


def _run(program: str, folder: Path) -> None:
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=folder, env={"PYTHONPATH": root}, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
