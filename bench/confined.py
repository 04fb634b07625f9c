"""A call in a confined process: copied from a warm template, and with the template's own start before it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from bench.report import Figure, Report
from config import parts
from core.confined.runner import ConfinedRunner

_CALLS = 100
_ECHO = "bench.echo:echo"


def run(report: Report) -> None:
    """Beside what it replaces: a process that starts with Python and imports the readers of files for one call."""
    asyncio.run(_run(report))


async def _run(report: Report) -> None:
    async with AsyncExitStack() as closing:
        processes = parts.make_confined(closing)
        cold_light, warm_light = await _cold_and_warm(processes.messages)
        cold, warm = await _cold_and_warm(processes.files)
    report.add(Figure("a confined call, first", cold_light, "ms"))
    report.add(Figure("a confined call, then", warm_light, "ms", cold_light, "the first", "20 ms"))
    report.add(Figure("a confined call with readers of files, first", cold, "ms"))
    report.add(Figure("a confined call with readers of files, then", warm, "ms", cold, "the first", "50 ms"))


async def _cold_and_warm(runner: ConfinedRunner) -> tuple[float, float]:
    """Milliseconds: of the first call, and the median of many."""
    took = []
    for _ in range(_CALLS + 1):
        began = time.perf_counter()
        await runner.call(_ECHO, b"x" * 1000)
        took.append((time.perf_counter() - began) * 1000)
    return took[0], sorted(took[1:])[_CALLS // 2]
