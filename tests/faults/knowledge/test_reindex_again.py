"""Twenty index runs over documents that all change: neither the disk nor the memory of the process grows with them."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil
import pytest

from tests.faults.knowledge.world import version_of, write_version
from tests.fixtures.report import MakeReport
from tests.integration.knowledge.index_bench import Bench
from tests.scale import Scale

pytestmark = [pytest.mark.slow, pytest.mark.soak(small=False), pytest.mark.timeout(1800)]

_WRITE_AHEAD = 4 * 2**20
"""Bytes. To so much SQLite lets its log grow before it begins it anew; small indexes live in it."""


def test_it_does_not_grow(tmp_path: Path, scale: Scale, make_report: MakeReport) -> None:
    runs = 20
    documents = scale.pick(small=60, full=600)
    report = make_report("reindex-again", "Everything changed and indexed again, twenty times")
    folder = tmp_path / "docs"
    folder.mkdir()
    bench = Bench(folder, tmp_path / "index" / "chroma")
    reader = bench.reader()
    bench.committed = reader.refresh
    generations: set[int] = set()
    disk: list[int] = []
    memory: list[int] = []
    for version in range(1, runs + 1):
        write_version(folder, version, documents)
        bench.run()
        assert version_of(reader.current, documents) == version
        generations.add(bench.index().manifest.pointer().generation)
        disk.append(weigh(tmp_path / "index"))
        memory.append(psutil.Process().memory_info().rss)
    disk_grown, memory_grown = max(disk[-5:]) - max(disk[5:10]), max(memory[-5:]) - max(memory[5:10])
    report.record("documents, all of them changed each time", documents)
    report.record("index runs", runs)
    report.record("generations of vectors", len(generations))
    report.record("disk after runs 5, 10, 15 and 20, kB", " ".join(f"{disk[at] // 1024}" for at in (4, 9, 14, 19)))
    report.record("memory after runs 5, 10, 15 and 20, MB", " ".join(f"{memory[at] >> 20}" for at in (4, 9, 14, 19)))
    assert disk_grown < max(0.1 * max(disk[5:10]), _WRITE_AHEAD)
    assert memory_grown < 16 * 2**20


def weigh(folder: Path) -> int:
    """Bytes of all files below."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a write-ahead log that was just removed
            total += path.stat().st_size if path.is_file() else 0
    return total
