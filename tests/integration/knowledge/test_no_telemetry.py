"""What runs the model says nothing of it to its makers, and keeps nothing for them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers.programs import ROOT


@pytest.mark.parametrize("module", ["knowledge.embed.onnx_model", "knowledge.convert.converter"])
def test_onnx_runtime_collects_nothing(module: str, tmp_path: Path) -> None:
    """Left alone, it begins a database of events in the user's cache when it is imported, and sends them to Microsoft."""
    code = f"import {module}, onnxruntime"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []
