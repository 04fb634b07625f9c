"""``switchboard index --status``: what is in the index, and how the last run went or goes. Beside a running hub, too."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click

from config import parts
from config.settings import read_settings
from knowledge.index.opening import manifest_file, open_manifest
from knowledge.index.runs import RunState, RunStatus, last_runs, searched


def show() -> int:
    """0, or 1 when the last run failed, was cut off, or left something out."""
    settings = parts.knowledge_settings(read_settings())
    if not settings.chroma_url and not manifest_file(settings.directory).exists():
        click.echo("Nothing has been indexed yet.")
        return 0
    database = open_manifest(settings)
    try:
        runs = last_runs(database, time.time())
        documents, passages = searched(database)
    finally:
        database.close()
    click.echo(f"{documents} documents, {passages} passages are searched")
    if not runs:
        click.echo("Nothing has been indexed yet.")
        return 0
    for line in _lines(runs[0]):
        click.echo(line)
    whole = runs[0].state is RunState.RUNNING or (runs[0].report is not None and not runs[0].report.failures)
    return 0 if whole else 1


def _lines(run: RunStatus) -> list[str]:
    began = datetime.fromtimestamp(run.began_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    at = f"{run.done} of {run.total} documents" + (f", at {run.document}" if run.document else "")
    match run.state:
        case RunState.RUNNING:
            return [f"a run is under way since {began}: {at}"]
        case RunState.INTERRUPTED:
            seen = datetime.fromtimestamp(run.seen_at, UTC).strftime("%H:%M:%S")
            return [f"the last run began {began} and was cut off about {seen}: {at}; the next one goes on there"]
        case RunState.FAILED:
            return [f"the last run began {began} and failed: {run.error}", f"it had come to {at}"]
        case RunState.DONE:
            return [f"the last run began {began}", *_report(run)]


def _report(run: RunStatus) -> list[str]:
    report = run.report
    if report is None:
        return []
    done = f"{report.indexed} indexed, {report.unchanged} unchanged, {report.removed} removed in {report.seconds:.1f} s"
    return [done, *(f"{source}: {reason}" for source, reason in report.failures)]
