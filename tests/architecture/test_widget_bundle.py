"""The committed widget is what its sources build, byte for byte, and its own checks pass."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers.programs import ROOT

pytestmark = pytest.mark.slow

STATIC = ROOT / "channels" / "web" / "static"


def _run(*arguments: str) -> None:
    done = subprocess.run(
        ["bash", "scripts/widget.sh", *arguments], cwd=ROOT, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_bundle_is_fresh(tmp_path: Path) -> None:
    _run("build", str(tmp_path))
    built = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert Path("widget.js") in built
    stale = [str(path) for path in built if _committed(path) != (tmp_path / path).read_bytes()]
    left_over = {path.relative_to(STATIC) for path in STATIC.glob("widget*")} - built
    assert (stale, left_over) == ([], set()), "run make widget and commit what it writes"


def test_types_and_the_widgets_own_tests() -> None:
    _run("check")


def _committed(path: Path) -> bytes | None:
    file = STATIC / path
    return file.read_bytes() if file.exists() else None
