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
    "- Accepting is bound by Python in one process: HTTP, token, checks, four rows. Raw commits are not the limit: a batch",
    "  shares one. `BENCH_BATCH=1` shows what each message would cost with a commit of its own. More web processes accept more.",
    "- End to end, a message passes through three short transactions on the web and five elsewhere, all of them shared under",
    "  load; on PostgreSQL the server works on the same two cores. Workers on other machines add to it.",
    "- At a calm pace nothing is shared: each transaction wakes a thread or the server and commits for itself, so that a message",
    "  costs several times what it costs under load.",
    "- With a model, its stream comes piece by piece: the library's bare client spends on it what the hub spends in all.",
    "- With retrieval, each question is embedded in a process of its own; under load that process, the model's stub, the fake of",
    "  Slack and the load generator share the two cores with the hub.",
    "- Each customer on Slack asks another question here. Of one that was asked before, the vector and what its words mean are",
    "  remembered: the same question costs the hub about 0.3 ms less.",
    "- With knowledge, the embedding model's process keeps after indexing what its largest batch took; Chroma's process ends",
    "  when it is not used.",
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
