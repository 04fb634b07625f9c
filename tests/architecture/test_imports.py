"""Who may import whom, and that no installed package takes one of our names."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.architecture.sources import PACKAGES
from tests.servers.programs import ROOT


def test_the_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_dependency_takes_one_of_our_names() -> None:
    owners = {name: set(packages_distributions().get(name, ())) - {"switchboard-hub"} for name in (*PACKAGES, "tests")}
    assert {name: others for name, others in owners.items() if others} == {}
