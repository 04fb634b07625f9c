"""What is freed goes back to the machine where the C library can be asked, and nothing breaks where it cannot."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.process import memory

_PROGRAM = """
import json
from pathlib import Path
from knowledge.process.memory import give_back, keep_few_heaps

def held():
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024

few = keep_few_heaps()
blocks = [bytes(2000) for _ in range(60_000)]
last = bytes(2000)
full = held()
del blocks
freed = held()
given = give_back()
print(json.dumps([few, given, full, freed, held()]))
"""


def _measured() -> list[int]:
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=Path(memory.__file__).parents[2],
    )
    found: list[int] = json.loads(ran.stdout)
    return found


def test_freed_memory_goes_back() -> None:
    few, given, full, _, left = _measured() if sys.platform.startswith("linux") else [0, 0, 0, 0, 0]

    asked = memory._glibc() is not None
    assert (few, given) == (asked, asked)
    assert full - left > 80 or not asked


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_glibc", lambda: None)

    assert memory.give_back() is False
    assert memory.keep_few_heaps() is False


def test_a_platform_without_glibc_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    memory._glibc.cache_clear()
    monkeypatch.setattr("sys.platform", "darwin")
    try:
        assert memory._glibc() is None
    finally:
        monkeypatch.undo()
        memory._glibc.cache_clear()
