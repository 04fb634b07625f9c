"""``switchboard index``: through the running server, or alone when none is running."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from config import parts
from config.commands.event_loop import run_async
from config.knowledge import knowledge_parts
from config.knowledge.freshness import make_source_jobs
from config.knowledge.indexing import Indexing
from config.processes.data_dir import DataDirLock
from config.processes.election import Election
from config.processes.local_socket import connect, read_line
from config.settings import Settings, read_settings
from core.clock import SystemClock
from core.domain.errors import ConfigError, StoreUnavailable
from core.domain.knowledge import IndexProgress, IndexReport
from core.ports.metrics import NoMetrics
from core.storage.ids import new_id
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from knowledge.index.deletions import CONFIRM
from knowledge.sources import resolve


def run(paths: Sequence[str], *, remove: bool = False, confirm_deletions: bool = False) -> int:
    """0 when every document was read whole (or removed), 1 when some were not, or parts of some."""
    settings = read_settings()
    if remove and not paths:
        raise ConfigError("Nothing to remove: name the files or folders that were indexed.")
    if not all(path.strip() for path in paths):
        raise ConfigError("One of the paths is empty: is a variable of your shell unset?")
    if not paths and not knowledge_parts.knowledge_sources(settings):
        raise ConfigError("Nothing to index: name files or folders, or set KNOWLEDGE_SOURCES.")
    named = resolve(paths)
    report = run_async(_index(settings, named, remove=remove, confirmed=confirm_deletions))
    _show(report, _advice(settings, named, report, remove=remove))
    return 1 if report.failures else 0


def _advice(settings: Settings, named: Sequence[str], report: IndexReport, *, remove: bool) -> str | None:
    """What somebody should know who may be surprised by what the hub answers from now."""
    if remove and set(named) & set(resolve(knowledge_parts.knowledge_sources(settings))):
        return "This is named in KNOWLEDGE_SOURCES, too: take it out there, or the next start indexes it again."
    if report.sample_left_out:
        said = "The sample documents are not in the index, since there are documents of your own."
        if settings.company_name and "company_name" not in settings.model_fields_set:
            return f"{said} Set COMPANY_NAME to your company's name, and restart a hub that runs."
        return said
    return None


async def _index(settings: Settings, paths: Sequence[str], *, remove: bool, confirmed: bool) -> IndexReport:
    """``paths`` empty: what is configured."""
    with _bar() as bar:
        request = {"command": "index", "paths": paths, "remove": remove, "confirm_deletions": confirmed}
        remote = await connect(settings.data_dir, request) if _has_one_owner(settings) else None
        if remote is not None:
            reader, writer = remote
            try:
                return await _follow(reader, bar)
            finally:
                writer.close()
        async with _alone(settings) as indexing:
            if remove:
                return await indexing.forget(paths)
            return await indexing.run(paths, lambda update: _advance(bar, update), confirm_deletions=confirmed)


def _has_one_owner(settings: Settings) -> bool:
    """Whether the index, or what lists it, is in DATA_DIR: a server that runs there does the work, and nobody beside it."""
    return settings.uses_sqlite or not settings.chroma_url


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[Indexing]:
    """Index runs without a hub. Those of other processes that share the index take turns with them."""
    lock = DataDirLock(settings.data_dir)
    if _has_one_owner(settings):
        lock.require()
    try:
        async with _store(settings) as store:
            process = new_id()
            election = Election() if store is None or settings.uses_sqlite else Election(store, process)
            clock, owns = SystemClock(), _has_one_owner(settings)
            jobs = make_source_jobs(settings, store, clock, process, plans=owns) if store is not None else None
            knowledge = knowledge_parts.make_knowledge(settings)
            indexing = knowledge_parts.make_indexing(settings, knowledge, NoMetrics(), election, jobs, store)
            try:
                await knowledge.start()
                await knowledge.warm()
                yield indexing
            finally:
                await indexing.stop()
                await knowledge.close()
    finally:
        lock.release()


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[SqlStore | None]:
    """None where it is away and nobody else could be indexing: documents can be read all the same."""
    try:
        await migrate(settings.effective_database_url)
    except StoreUnavailable as error:
        if not _has_one_owner(settings):
            raise
        click.echo(f"What is done is not shown by --status: {error.detail}", err=True)
        yield None
        return
    store = parts.make_store(settings, SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


async def _follow(reader: Any, bar: Progress) -> IndexReport:
    while (line := await read_line(reader)) is not None:
        if "progress" in line:
            _advance(bar, IndexProgress(**line["progress"]))
        elif "report" in line:
            failures = tuple((source, reason) for source, reason in line["report"].pop("failures"))
            return IndexReport(**{**line["report"], "failures": failures, "sources": ()})
        else:
            raise ConfigError(line.get("error", "The server answered something that is not understood."))
    raise ConfigError("The server went away during the run. Run the command again: it goes on where it was.")


def _bar() -> Progress:
    return Progress(
        TextColumn("[bold]{task.fields[stage]}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[document]}"),
        console=Console(stderr=True),
        transient=True,
    )


def _advance(bar: Progress, update: IndexProgress) -> None:
    if not bar.tasks:
        bar.add_task("index", total=update.total, document="", stage="")
    shown = Path(update.document).name
    bar.update(bar.tasks[0].id, completed=update.done, total=update.total, document=shown, stage=update.stage)


def _show(report: IndexReport, advice: str | None) -> None:
    click.echo(
        f"{report.indexed} indexed ({report.chunks} passages), {report.unchanged} unchanged, "
        f"{report.removed} removed in {report.seconds:.1f} s"
    )
    if advice is not None:
        click.echo(advice)
    for source, reason in report.failures:
        what = "kept" if CONFIRM in reason else "not read"
        click.echo(f"{what}: {source}: {reason}", err=True)
