"""The audit fails for what is known to be weak, and says when it could not ask."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.architecture.sources import read

_CLEAN = '{"auditReportVersion": 2, "vulnerabilities": {}}'
_WEAK = '{"auditReportVersion": 2, "vulnerabilities": {"x": {"severity": "high"}}}'
_NO_ANSWER = '{"message": "request failed", "error": {}}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the script, a lock of each kind, and programs that answer as the test says."""
    for name in ("scripts", ".venv/bin", ".venv/audit/bin", "widget"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "scripts/audit.sh").write_text(read(Path("scripts", "audit.sh")), encoding="utf-8")
    (tmp_path / "widget/package-lock.json").write_text("{}", encoding="utf-8")
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "widget"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("curl", "pip_audit", "npm", "code", "said"),
    [
        ("exit 0", "exit 0", _CLEAN, 0, 0),
        ("exit 7", "exit 1", _NO_ANSWER, 0, 2),
        ("exit 0", "exit 1", _CLEAN, 1, 0),
        ("exit 7", "exit 0", _WEAK, 1, 1),
        ("exit 0", "exit 0", "", 0, 1),
    ],
)
def test_the_audit(project: Path, curl: str, pip_audit: str, npm: str, code: int, said: int) -> None:
    for name, text in (("curl", curl), ("pip-audit", pip_audit), ("npm", f"echo '{npm}'; exit 1")):
        program = project / (".venv/audit/bin" if name == "pip-audit" else ".venv/bin") / name
        program.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
    done = subprocess.run(
        ["bash", "scripts/audit.sh"], cwd=project, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("not audited: advisory service unreachable") == said


def test_the_checks_run_it() -> None:
    assert "bash scripts/audit.sh" in read(Path("scripts", "check.sh"))
