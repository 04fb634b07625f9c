"""Ctrl-C in the terminal in which the hub runs, as people press it: more than once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.knowledge_copy import command_environment
from tests.servers.process import free_port
from tests.servers.pty_terminal import CTRL_C, terminal


@pytest.mark.slow
def test_one_more_ctrl_c_after_the_stop_changes_nothing(tmp_path: Path) -> None:
    settings = {"KNOWLEDGE_SOURCES": "none", "PORT": str(free_port())}
    environment = command_environment(tmp_path / "var", settings)
    with terminal([sys.executable, "-m", "config.cli", "serve"], cwd=tmp_path, env=environment) as screen:
        screen.wait_for("hub.started")
        screen.type(CTRL_C)
        screen.wait_for("hub.stopped")
        screen.type(CTRL_C)
        assert screen.end() == 0, screen.screen
        assert "Traceback" not in screen.screen
