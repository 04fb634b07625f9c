"""What is known of index runs: the one that is under way, and how the last ones ended."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, case, delete, insert, or_, select, update

from core.domain.jobs import SKEW
from core.domain.knowledge import IndexProgress, IndexReport
from knowledge.index.database import ManifestDatabase
from knowledge.index.tables import pointers, runs

_PAUSE = 2.0
_SILENCE = 20.0
"""Seconds without a sign of life after which a run that says that it is under way has been cut off."""
_KEPT = 20


class RunState(StrEnum):
    """``INTERRUPTED``: its process was ended or killed; the next run goes on where it was."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Times are seconds since 1970; ``seen_at`` is the end, or the last sign of life. ``report`` is there when it is DONE."""

    state: RunState
    began_at: float
    seen_at: float
    done: int
    total: int
    document: str
    report: IndexReport | None = None
    error: str = ""


def _when(now: float) -> ColumnElement[float]:
    """By what runs are ordered: what a clock that was ahead has written is no time at all."""
    began, seen = runs.c.began_at, runs.c.seen_at
    return case((began <= now + SKEW, began), (seen <= now + SKEW, seen), else_=0.0)


def last_runs(database: ManifestDatabase, now: float, count: int = 1) -> list[RunStatus]:
    """The latest runs of any model, the newest first."""
    query = select(runs).order_by(_when(now).desc()).limit(count)
    rows = database.read(lambda connection: connection.execute(query).mappings().all())
    return [_status(row, now) for row in rows]


def latest_model(now: float) -> ScalarSelect[str]:
    """The fingerprint of the model that was indexed with last, for a query."""
    return select(runs.c.fingerprint).order_by(_when(now).desc()).limit(1).scalar_subquery()


def searched(database: ManifestDatabase, now: float) -> tuple[int, int]:
    """Documents and passages that questions are answered from: those of the model that was indexed with last."""
    query = select(pointers.c.documents, pointers.c.passages).where(pointers.c.fingerprint == latest_model(now))
    row = database.read(lambda connection: connection.execute(query).first())
    return (0, 0) if row is None else (row.documents, row.passages)


class RunLog:
    """Writes a run down. ``now`` is the time since 1970."""

    def __init__(self, database: ManifestDatabase, fingerprint: str, now: Callable[[], float]) -> None:
        self._database = database
        self._fingerprint = fingerprint
        self._now = now

    @contextmanager
    def run(self) -> Iterator[RunEntry]:
        """The run is under way inside this block. An error ends it as failed; a process that is killed leaves it silent."""
        entry = RunEntry()
        self._database.write(lambda connection: self._begin(connection, entry))
        ended = threading.Event()
        beat = threading.Thread(target=self._beat, args=(entry, ended), name="run log", daemon=True)
        beat.start()
        try:
            yield entry
        except BaseException as error:
            self._end(entry, ended, beat, RunState.FAILED, {"error": f"{type(error).__name__}: {error}"[:500]})
            raise
        outcome = {"report": asdict(replace(entry.report, sources=()))} if entry.report is not None else {}
        self._end(entry, ended, beat, RunState.DONE, outcome)

    def _begin(self, connection: Connection, entry: RunEntry) -> None:
        now = self._now()
        unseen = or_(runs.c.seen_at < now - _SILENCE, runs.c.seen_at > now + SKEW)
        silent = (runs.c.state == RunState.RUNNING.value, unseen)
        connection.execute(update(runs).where(*silent).values(state=RunState.INTERRUPTED.value))
        ours = select(runs.c.id).where(runs.c.fingerprint == self._fingerprint)
        old = connection.execute(ours.order_by(_when(now).desc()).offset(_KEPT)).scalars().all()
        connection.execute(delete(runs).where(runs.c.id.in_(old)))
        values = {"id": entry.id, "fingerprint": self._fingerprint, "began_at": now, "outcome": "{}"}
        connection.execute(insert(runs).values(**values, **self._state(entry, RunState.RUNNING)))

    def _beat(self, entry: RunEntry, ended: threading.Event) -> None:
        while not ended.wait(_PAUSE):
            with contextlib.suppress(Exception):  # a database that is away ends the run itself, which says so
                self._write(entry, self._state(entry, RunState.RUNNING))

    def _end(
        self, entry: RunEntry, ended: threading.Event, beat: threading.Thread, state: RunState, outcome: dict[str, Any]
    ) -> None:
        ended.set()
        beat.join()
        values = {**self._state(entry, state), "outcome": json.dumps(outcome)}
        with contextlib.suppress(Exception) if state is RunState.FAILED else contextlib.nullcontext():
            self._write(entry, values)

    def _write(self, entry: RunEntry, values: dict[str, Any]) -> None:
        change = update(runs).where(runs.c.id == entry.id).values(**values)
        self._database.write(lambda connection: connection.execute(change))

    def _state(self, entry: RunEntry, state: RunState) -> dict[str, Any]:
        at = entry.progress
        return {
            "state": state.value,
            "seen_at": self._now(),
            "done": at.done,
            "total": at.total,
            "document": at.document,
        }


class RunEntry:
    """Where a run stands, told by the run and written by its log every few seconds."""

    def __init__(self) -> None:
        self.id = uuid.uuid4().hex
        self.progress = IndexProgress(0, 0, "")
        self.report: IndexReport | None = None


def _status(row: Any, now: float) -> RunStatus:
    state, outcome = RunState(row["state"]), json.loads(row["outcome"])
    if state is RunState.RUNNING and not now - _SILENCE <= row["seen_at"] <= now + SKEW:
        state = RunState.INTERRUPTED
    report = outcome.get("report")
    return RunStatus(
        state=state,
        began_at=row["began_at"],
        seen_at=row["seen_at"],
        done=row["done"],
        total=row["total"],
        document=row["document"],
        report=None
        if report is None
        else IndexReport(**{**report, "failures": _pairs(report["failures"]), "sources": ()}),
        error=outcome.get("error", ""),
    )


def _pairs(failures: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((source, reason) for source, reason in failures)
