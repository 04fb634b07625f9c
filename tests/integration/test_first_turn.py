"""The first turns of a process find every expression of the language files compiled."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.servers import first_turns
from tests.servers.programs import ROOT


def test_the_first_turns_compile_nothing(tmp_path: Path) -> None:
    """In a process of its own: in this one other tests have compiled them."""
    command = [sys.executable, "-m", first_turns.__name__, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout.splitlines()[-1]) == []
