"""What was measured, as a table for people and as the page docs/reference/benchmarks.md."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"


LIMITS = (
    "## What limits it",
    "",
    "- Accepting is bound by Python in one process: about 0.5 ms of CPU for each message (HTTP, token, checks, four rows), of",
    "  which the bare handler is a fifth. Raw commits are not the limit: a batch shares one. `BENCH_BATCH=1` shows what each",
    "  message would cost with a commit of its own. More web processes accept more.",
    "- End to end, a message passes through seven short transactions, all of them shared under load: about 2 ms of CPU in the",
    "  hub, and on PostgreSQL half as much again in the server, on the same two cores. Two thirds of it is the database",
    "  library and driver. On one machine of two cores that is what there is; workers on other machines add to it.",
    "- With knowledge, nearly all memory is the embedding model's process; after indexing it keeps what the largest batch took.",
    "",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row. ``floor`` is the physical limit measured beside it; ``aim`` is what we want to reach."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    aim: str = ""

    def cells(self) -> list[str]:
        """For a table."""
        ratio = f"{self.value / self.floor:.2f} of {self.floor:,.1f} ({self.floor_name})" if self.floor else ""
        return [self.name, f"{self.value:,.1f} {self.unit}", ratio, self.aim]


@dataclass
class Report:
    """All figures of a run."""

    figures: list[Figure] = field(default_factory=list)

    def add(self, figure: Figure) -> None:
        """Keep and print it."""
        self.figures.append(figure)
        name, value, ratio, aim = figure.cells()
        print(f"{name:<58} {value:>16}  {ratio:<52} {('aim ' + aim) if aim else ''}", flush=True)

    def write(self, path: Path = PAGE) -> None:
        """The page, with the machine and the commit."""
        lines = [
            "# Benchmarks",
            "",
            "Made by `make bench` on the machine below; nobody else's figures. The load generator shares the two cores with",
            "the hub, so rates are those of both together. Floors are measured in the same run, beside the figure.",
            "",
            f"- date: {datetime.now(UTC):%Y-%m-%d}",
            f"- commit: {commit_of()}",
            f"- machine: {machine()}",
            "",
            "| what | measured | of the floor | aim |",
            "|---|---|---|---|",
            *("| " + " | ".join(figure.cells()) + " |" for figure in self.figures),
            "",
            *LIMITS,
        ]
        path.write_text("\n".join(lines))


def machine() -> str:
    """What it was measured on."""
    parts = (f"{os.cpu_count()} cores", _memory(), f"{platform.system()} {platform.machine()}")
    return ", ".join((*parts, f"Python {platform.python_version()}"))


def commit_of() -> str:
    """What is measured."""
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def _memory() -> str:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{pages / 2**30:.0f} GiB"
