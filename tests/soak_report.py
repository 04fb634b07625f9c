"""Reports of full-size runs: what was run, on what, with which seed and counts. Written only by ``make soak``."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests import seed
from tests.servers.programs import ROOT

FOLDER = ROOT / "docs" / "reference" / "soak"


def commit() -> str:
    """The commit that is being tested; ``+changes`` when the working tree differs from it."""
    revision = _git("rev-parse", "--short=12", "HEAD") or "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/reference/soak")
    return f"{revision}+changes" if changed else revision


def hardware() -> str:
    """Processor, cores, memory, system and Python, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB memory, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}"
    )


@dataclass
class Report:
    """One scenario's report: rows of name and value, in the order in which they were recorded."""

    scenario: str
    title: str
    seed: int
    full: bool
    folder: Path = FOLDER
    rows: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    def record(self, name: str, value: object) -> None:
        """A count or a measurement, with its unit in the name or the value."""
        self.rows.append((name, f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)))

    def note(self, sentence: str) -> None:
        """What a reader has to know to judge the figures."""
        self.notes.append(sentence)

    def write(self) -> Path | None:
        """The report's file in a full-size run; None in a small one, which proves no stated size."""
        if not self.full:
            return None
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{datetime.now(UTC):%Y-%m-%d}-{self.scenario}.md"
        path.write_text(self.render(), encoding="utf-8")
        return path

    def render(self) -> str:
        """The report as Markdown."""
        facts = [
            ("commit", f"`{commit()}`"),
            ("seed", str(self.seed)),
            ("date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"),
            ("hardware", hardware()),
            ("duration", f"{time.monotonic() - self._started:.0f} s"),
        ]
        lines = [f"# {self.title}", "", *_table("run", facts), "", *_table("result", self.rows)]
        lines += ["", *(f"- {note}" for note in self.notes)] if self.notes else []
        return "\n".join(lines) + "\n"


def scenario_report(scenario: str, title: str, *, full: bool, run_seed: int | None = None) -> Report:
    """A report for ``scenario``, whose name becomes part of the file's name."""
    return Report(scenario, title, seed.run_seed() if run_seed is None else run_seed, full)


def _table(head: str, rows: list[tuple[str, str]]) -> list[str]:
    return [f"| {head} | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()
