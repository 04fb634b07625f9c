"""Whether a hub answers at once while it is attacked, and whether it is afterwards what it was before."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.faults.attack.patience import until
from tests.faults.attack.watcher import Watched
from tests.servers.hub import Hub
from tests.servers.programs import ROOT
from tests.soak_report import Report

LIMIT = 0.25
"""Seconds that ``/health/live`` may take."""

_MEMORY = 200 * 2**20
"""Bytes that a process may have grown by: what an allocator keeps, not what an attack of gigabytes would leave."""
_DESCRIPTORS = 20


@dataclass
class Liveness:
    """``watched`` is there when the watch is over."""

    full: bool
    watched: Watched | None = None

    def judge(self, report: Report | None = None) -> None:
        """The hub's own part counts at any load; the plain waits count where the run has the machine to itself."""
        seen = self.watched
        assert seen is not None, "still watching"
        if report is not None:
            report.record("asked whether it lives", seen.asked)
            report.record("longest wait for that answer", f"{seen.slowest * 1000:.0f} ms")
            report.record("of it blocked by the hub itself, at most", f"{seen.blocked * 1000:.0f} ms")
            report.record("processor time of the hub", f"{seen.used:.1f} s")
        assert seen.asked, "nobody asked"
        assert not seen.failures, seen.failures[:5]
        assert seen.blocked <= LIMIT, f"the event loop stood still for {seen.blocked:.2f} s"
        assert not self.full or seen.slowest <= LIMIT, f"/health/live took {seen.slowest:.2f} s"


@asynccontextmanager
async def watching(hub: Hub, *, full: bool) -> AsyncIterator[Liveness]:
    """Asks all the time, from another process."""
    liveness = Liveness(full)
    watcher = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.faults.attack.watcher",
        str(hub.port),
        str(hub.pid),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    try:
        yield liveness
    finally:
        told, _ = await watcher.communicate(b"")
    assert watcher.returncode == 0, "the watcher failed"
    liveness.watched = Watched(**json.loads(told))


@dataclass(frozen=True)
class Footprint:
    """What a hub holds of the machine: bytes of memory, open descriptors, bytes on the disk."""

    memory: int
    descriptors: int
    disk: int

    @classmethod
    def of(cls, hub: Hub) -> Footprint:
        """Now."""
        process = psutil.Process(hub.pid)
        return cls(process.memory_info().rss, process.num_fds(), disk_use(hub.data_dir))


def disk_use(folder: Path) -> int:
    """Bytes in all files of a folder. Some vanish while they are counted."""
    total = 0
    for place in folder.rglob("*"):
        try:
            total += place.stat().st_size if place.is_file() else 0
        except OSError:
            continue
    return total


async def recovered(hub: Hub, before: Footprint, within: float = 120.0) -> None:
    """Until memory and descriptors are about what they were."""

    async def is_as_before() -> bool:
        now = Footprint.of(hub)
        return now.descriptors <= before.descriptors + _DESCRIPTORS and now.memory <= before.memory + _MEMORY

    await until(is_as_before, f"more than before ({before}) is still held", within)
