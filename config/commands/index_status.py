"""``switchboard index --status``: what is in the index, and how the last run went or goes. Beside a running hub, too."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import DBAPIError

from api.knowledge import status_shown
from config import parts
from config.clock import SystemClock
from config.commands.event_loop import run_async
from config.commands.source_lines import source_lines, went_well
from config.knowledge import knowledge_parts
from config.knowledge.freshness import schedule_zone, scope_of
from config.settings import Settings, read_settings
from core.domain.errors import StoreUnavailable
from core.domain.jobs import Job
from core.storage.database import driver_url
from knowledge.index.opening import manifest_file, open_manifest
from knowledge.index.runs import RunState, RunStatus, last_runs, searched
from knowledge.settings import KnowledgeSettings


def show(*, as_json: bool = False) -> int:
    """0, or 1 when a last run failed, was cut off, or left something out."""
    settings = read_settings()
    run, counts = _indexed(knowledge_parts.knowledge_settings(settings))
    jobs = run_async(_jobs(settings)) if _has_run(settings) else ()
    zone = schedule_zone(settings)
    if as_json:
        documents, passages = counts
        whole = {"documents": documents, "passages": passages, "last_run": _run_shown(run, zone)}
        click.echo(json.dumps({**whole, **status_shown(jobs, zone).model_dump()}, ensure_ascii=False))
    else:
        for line in (*_whole(run, counts), *source_lines(jobs, zone)):
            click.echo(line)
    well = run is None or run.state is RunState.RUNNING or (run.report is not None and not run.report.failures)
    return 0 if well and all(went_well(job) for job in jobs) else 1


def _indexed(settings: KnowledgeSettings) -> tuple[RunStatus | None, tuple[int, int]]:
    """The last run, and the documents and passages that are searched."""
    if not settings.chroma_url and not manifest_file(settings.directory).exists():
        return None, (0, 0)
    database = open_manifest(settings)
    try:
        runs = last_runs(database, time.time())
        return (runs[0] if runs else None), searched(database)
    finally:
        database.close()


def _has_run(settings: Settings) -> bool:
    """Whether a hub has, with this database and this index: whoever only looks leaves nothing behind."""
    url = driver_url(settings.effective_database_url)
    if settings.uses_sqlite and not Path(url.database or "").is_file():
        return False
    return settings.chroma_url is not None or (settings.data_dir / "owner_name").is_file()


async def _jobs(settings: Settings) -> Sequence[Job]:
    """Those of the index that is used here."""
    store = parts.make_store(settings, SystemClock())
    await store.open()
    try:
        return await store.jobs(scope_of(settings))
    except StoreUnavailable as error:
        click.echo(f"How fresh each source is cannot be said: {error.detail}", err=True)
        return ()
    except DBAPIError:  # a database of before there were such rows
        return ()
    finally:
        await store.close()


def _whole(run: RunStatus | None, counts: tuple[int, int]) -> list[str]:
    documents, passages = counts
    searched_now = [f"{documents} documents, {passages} passages are searched"] if run is not None or documents else []
    return [*searched_now, *(_lines(run) if run is not None else ["Nothing has been indexed yet."])]


def _run_shown(run: RunStatus | None, zone: tzinfo) -> dict[str, Any] | None:
    if run is None:
        return None
    began, seen = (datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat() for at in (run.began_at, run.seen_at))
    report = asdict(run.report) if run.report is not None else None
    at = {"done": run.done, "total": run.total, "document": run.document}
    return {"state": run.state.value, "began_at": began, "seen_at": seen, **at, "report": report, "error": run.error}


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
