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

from api.operator_schemas import KnowledgeStatus
from config.commands.event_loop import run_async
from config.commands.source_lines import named_lines, shown_time, source_lines, went_well
from config.knowledge import knowledge_parts
from config.knowledge.freshness import schedule_zone, scope_of
from config.knowledge.sample_company import sample_left
from config.settings import Settings, read_settings
from config.store import make_store
from core.clock import SystemClock
from core.domain.errors import StoreUnavailable
from core.domain.jobs import Job
from core.storage.database import driver_url
from knowledge.index.indexed_roots import IndexedRoot, indexed_roots
from knowledge.index.manifest_file import manifest_file, open_manifest
from knowledge.index.runs import RunState, RunStatus, last_runs, searched
from knowledge.open import SAMPLE
from knowledge.settings import KnowledgeSettings
from knowledge.sources import identity_of, resolve
from knowledge.sources.secrets import without_secret


def show(*, as_json: bool = False) -> int:
    """0, or 1 when a last run failed, was cut off, or left something out."""
    settings = read_settings()
    run, counts, held = _indexed(knowledge_parts.knowledge_settings(settings))
    jobs = run_async(_jobs(settings)) if _has_run(settings) else ()
    if sample_left(settings, held):
        jobs = [job for job in jobs if job.id != identity_of(str(SAMPLE))]
    configured = set(resolve(knowledge_parts.knowledge_sources(settings)))
    named = [one for one in held if one.named and one.root not in configured]
    zone = schedule_zone(settings)
    if as_json:
        _print_json(run, counts, named, jobs, zone)
    else:
        times = [f"times are those of {zone}"] if run is not None or jobs else []
        for line in (*_whole(run, counts, zone), *times, *source_lines(jobs, zone), *named_lines(named, zone)):
            click.echo(line)
    well = run is None or run.state is RunState.RUNNING or (run.report is not None and not run.report.failures)
    return 0 if well and all(went_well(job) for job in jobs) else 1


def _print_json(
    run: RunStatus | None, counts: tuple[int, int], named: Sequence[IndexedRoot], jobs: Sequence[Job], zone: tzinfo
) -> None:
    documents, passages = counts
    whole = {"documents": documents, "passages": passages, "last_run": _run_shown(run, zone)}
    by_hand = [
        {"source": without_secret(one.root), "documents": one.documents, "fetched_at": _moment(one.fetched_at, zone)}
        for one in named
    ]
    shown = {**whole, **KnowledgeStatus.of(jobs, zone).model_dump(), "named": by_hand}
    click.echo(json.dumps(shown, ensure_ascii=False))


def _indexed(settings: KnowledgeSettings) -> tuple[RunStatus | None, tuple[int, int], Sequence[IndexedRoot]]:
    """The last run, the documents and passages that are searched, and from where."""
    if not settings.chroma_url and not manifest_file(settings.directory).exists():
        return None, (0, 0), ()
    database = open_manifest(settings)
    try:
        now = time.time()
        runs = last_runs(database, now)
        return (runs[0] if runs else None), searched(database, now), indexed_roots(database, now)
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
    store = make_store(settings, SystemClock())
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


def _whole(run: RunStatus | None, counts: tuple[int, int], zone: tzinfo) -> list[str]:
    documents, passages = counts
    if run is None:
        return ["Nothing has been indexed yet."]
    return [f"{documents} documents, {passages} passages are searched", *_lines(run, zone)]


def _run_shown(run: RunStatus | None, zone: tzinfo) -> dict[str, Any] | None:
    if run is None:
        return None
    began, seen = _moment(run.began_at, zone), _moment(run.seen_at, zone)
    report = asdict(run.report) if run.report is not None else None
    at = {"done": run.done, "total": run.total, "document": run.document}
    return {"state": run.state.value, "began_at": began, "seen_at": seen, **at, "report": report, "error": run.error}


def _moment(seconds: float | None, zone: tzinfo) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(zone).isoformat("T", "seconds")


def _lines(run: RunStatus, zone: tzinfo) -> list[str]:
    began, seen = shown_time(run.began_at, zone), shown_time(run.seen_at, zone)
    at = f"{run.done} of {run.total} documents" + (f", at {run.document}" if run.document else "")
    match run.state:
        case RunState.RUNNING:
            return [f"a run is under way since {began}: {at}"]
        case RunState.INTERRUPTED:
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
