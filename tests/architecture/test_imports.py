"""Who may import whom, and that no installed package takes one of our names."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

from tests.architecture.sources import PACKAGES
from tests.servers.programs import ROOT


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_dependency_takes_one_of_our_names() -> None:
    installed = Path(sysconfig.get_paths()["purelib"])
    taken = [
        name for name in (*PACKAGES, "tests") if (installed / name).exists() or (installed / f"{name}.py").exists()
    ]
    assert taken == []
