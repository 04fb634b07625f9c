"""Jobs on a database: a process is elected by the one update that finds the row as everybody has seen it (ADR 11)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Double,
    Integer,
    String,
    Table,
    Text,
    case,
    delete,
    null,
    or_,
    select,
    update,
)

from core.domain.jobs import SKEW, Job, JobState, PlannedJob
from core.domain.knowledge import IndexProgress, SourceReport
from core.storage import codec
from core.storage.among import among
from core.storage.database import OnDatabase, writes
from core.storage.tables import channel_memory, key, metadata, optional, required

job = Table(
    "job",
    metadata,
    *key(String(80), "scope"),
    *key(String(32), "id"),
    *required(Text, "source", "schedule", "holder", "progress", "outcome"),
    *required(Integer, "run"),
    *required(String(16), "state"),
    *required(Double, "lease_until"),
    *optional(Double, "next_run_at", "asked_at", "began_at", "seen_at", "cut_off_at", "ended_at"),
)
"""``progress`` and ``outcome`` are JSON: of the run that was begun last, and of the one that ended last."""

_CUT_OFF = (JobState.RUNNING.value, JobState.INTERRUPTED.value)
_MOST_FAILURES = 100
_LOST = 30 * 86_400.0
"""Seconds without a sign of life after which an index is thought to be gone, with its DATA_DIR; its next start would list its
sources anew."""
_LONGEST_LEASE = 300.0
"""Seconds. Nobody takes a job for longer: a lease that ends later was taken by a clock that was ahead."""
_LATER = 0.001
"""Seconds. What is asked for is served by the run that begins after it: ``asked_at`` <= ``began_at``."""
_TRIGGER = ("knowledge", "webhook")
"""Channel and account under which it is remembered which deliveries have come (channels/forgetting.py ends that)."""
_NOTE = ("channel", "account", "key")


class SqlJobs(OnDatabase):
    """What is due is proposed by every process and done by one. Every method is one transaction, and raises StoreUnavailable."""

    @writes
    def plan_jobs(
        self, connection: Connection, scope: str, planned: Sequence[PlannedJob], *, whole: bool = True
    ) -> None:
        """The jobs of this index are these and no others. Without ``whole``: those of them that are missing come to the others.

        One whose schedule is as it was keeps its time, also when that has passed: what was missed is due once. It is a sign of
        life of this index, for a month: jobs of one that gives none are taken out.
        """
        wanted = {one.id: one for one in planned}

        now = self.database.now()
        unknown = or_(job.c.seen_at.is_(None), job.c.seen_at > now + SKEW)  # its days begin to count
        here = (job.c.scope == scope, job.c.state.not_in(_CUT_OFF))
        connection.execute(update(job).where(job.c.scope != scope, unknown).values(seen_at=now))
        connection.execute(delete(job).where(job.c.scope != scope, job.c.seen_at < now - _LOST, _let_go(now)))
        rows = connection.execute(select(job).where(job.c.scope == scope).with_for_update()).all()
        for row in rows if whole else ():
            one = wanted.get(row.id)
            this = (job.c.scope == scope, job.c.id == row.id)
            if one is None:
                connection.execute(delete(job).where(*this))
            elif (row.schedule, row.source) != (one.schedule, _words(one.source)):
                changed = row.schedule != one.schedule
                values: dict[str, Any] = {"schedule": one.schedule, "source": _words(one.source)}
                values |= {"next_run_at": one.next_run_at} if changed else {}
                connection.execute(update(job).where(*this).values(**values))
        known = {row.id for row in rows}
        for one in (one for one in planned if one.id not in known):
            connection.execute(self.database.insert_new(job), _new(scope, one))
        connection.execute(update(job).where(*here).values(seen_at=now))

    async def jobs(self, scope: str | None = None) -> Sequence[Job]:
        """All, or those of one index. One whose lease has ended is INTERRUPTED."""
        query = select(job, _let_go(self.database.now()).label("let_go")).order_by(job.c.source, job.c.scope)
        if scope is not None:
            query = query.where(job.c.scope == scope)
        return [_job(row) for row in await self.database.read(lambda connection: connection.execute(query).all())]

    @writes
    def replan_job(self, connection: Connection, seen: Job, next_run_at: float) -> bool:
        """Another time for a job. False where somebody has begun it or given it another time meanwhile."""
        statement = update(job).where(*_as_seen(seen)).values(next_run_at=next_run_at)
        return connection.execute(statement).rowcount > 0

    @writes
    def claim_job(
        self,
        connection: Connection,
        seen: Job,
        holder: str,
        seconds: float,
        *,
        next_run_at: float | None,
        due: bool = True,
    ) -> Job | None:
        """Begin, for so long at first. None where somebody else was faster, or nothing is due any more.

        The holder of a run that was not ended may begin anew at once: it is its own successor. ``due``: False begins in any case.
        """
        now, columns = self.database.now(), job.c
        free = or_(_let_go(now), columns.holder == holder)
        wanted = or_(columns.next_run_at <= now, columns.asked_at.is_not(None), columns.state.in_(_CUT_OFF))
        claim = (
            update(job)
            .where(*_as_seen(seen), free, *([wanted] if due else []))
            .values(
                run=seen.run + 1,
                holder=holder,
                lease_until=now + seconds,
                next_run_at=next_run_at,
                asked_at=case((columns.asked_at > now, now - 1.0), else_=columns.asked_at),
                state=JobState.RUNNING.value,
                began_at=now,
                seen_at=now,
                cut_off_at=case((columns.state.in_(_CUT_OFF), columns.seen_at), else_=None),
                progress="{}",
            )
        )
        if connection.execute(claim).rowcount == 0:
            return None
        return _job(connection.execute(select(job).where(job.c.scope == seen.scope, job.c.id == seen.id)).one())

    async def keep_job(self, seen: Job, seconds: float, progress: IndexProgress | None) -> bool:
        """A sign of life. False where somebody else has taken it up."""
        now = self.database.now()
        values = {
            "lease_until": now + seconds,
            "seen_at": now,
            "progress": json.dumps(asdict(progress)) if progress is not None else "{}",
        }
        return await self._write_job(seen, values)

    async def end_job(self, seen: Job, state: JobState, report: SourceReport | None = None, error: str = "") -> bool:
        """How it went. What ends INTERRUPTED is anybody's at once. False where somebody else has taken it up."""
        now = self.database.now()
        values: dict[str, Any] = {"state": state.value, "seen_at": now, "lease_until": 0.0, "holder": ""}
        if state is JobState.DONE:
            values["asked_at"] = case((job.c.asked_at > job.c.began_at, job.c.asked_at), else_=null())
        if state is not JobState.INTERRUPTED:
            outcome = {"report": _kept(report), "error": error[:1000]}
            values |= {"ended_at": now, "outcome": json.dumps(outcome)}
        return await self._write_job(seen, values)

    @writes
    def _write_job(self, connection: Connection, seen: Job, values: Mapping[str, Any]) -> bool:
        running = job.c.state == JobState.RUNNING.value
        here = (job.c.scope == seen.scope, job.c.id == seen.id, job.c.run == seen.run, running)
        statement = update(job).where(*here).values(**values)
        return connection.execute(statement).rowcount > 0

    @writes
    def ask_jobs(self, connection: Connection, ids: Sequence[str], delivery: str | None = None) -> int | None:
        """Have these done as soon as can be, in every index; once more after what is under way. How many there are.

        What fails is tried again until it is done, with pauses: see Job.due.

        None where this ``delivery`` has asked before.
        """
        now, began = self.database.now(), job.c.began_at
        asked = case((began >= now, began + _LATER), else_=now)
        statement = update(job).where(among(job.c.id, "ids")).values(asked_at=asked)
        at = self.database.timestamp()
        channel, account = _TRIGGER
        noted = {"channel": channel, "account": account, "key": f"delivery/{delivery}", "value": "", "updated_at": at}
        new = self.database.insert_new(channel_memory)
        if delivery is not None and connection.execute(new, noted).rowcount == 0:
            return None
        count = connection.execute(statement, {"ids": list(ids)}).rowcount
        if count == 0 and delivery is not None:  # nobody could do it: when it comes again, somebody may
            connection.execute(delete(channel_memory).where(*(channel_memory.c[name] == noted[name] for name in _NOTE)))
        return count


def _as_seen(seen: Job) -> list[ColumnElement[bool]]:
    same_time = job.c.next_run_at.is_not_distinct_from(seen.next_run_at)
    return [job.c.scope == seen.scope, job.c.id == seen.id, job.c.run == seen.run, same_time]


def _let_go(now: ColumnElement[float]) -> ColumnElement[bool]:
    return or_(job.c.lease_until <= now, job.c.lease_until > now + _LONGEST_LEASE)


def _new(scope: str, one: PlannedJob) -> dict[str, Any]:
    return {
        "scope": scope,
        "id": one.id,
        "source": _words(one.source),
        "schedule": one.schedule,
        "next_run_at": one.next_run_at,
        "run": 0,
        "state": JobState.NEW.value,
        "holder": "",
        "lease_until": 0.0,
        "progress": "{}",
        "outcome": "{}",
    }


def _job(row: Any) -> Job:
    state, outcome, progress = JobState(row.state), json.loads(row.outcome), json.loads(row.progress)
    if state is JobState.RUNNING and getattr(row, "let_go", False):
        state = JobState.INTERRUPTED
    begun = state in (JobState.RUNNING, JobState.INTERRUPTED)
    served = state is JobState.RUNNING and row.asked_at is not None and row.asked_at <= row.began_at
    report = outcome.get("report")
    return codec.from_row(
        Job,
        row,
        asked_at=None if served else row.asked_at,
        state=state,
        seen_at=row.seen_at if begun else row.ended_at,
        progress=IndexProgress(**progress) if progress else None,
        report=SourceReport(**{**report, "failures": tuple(map(tuple, report["failures"]))}) if report else None,
        error=outcome.get("error", ""),
    )


def _kept(report: SourceReport | None) -> dict[str, Any] | None:
    """What went wrong in a thousand pages is told by the first hundred."""
    return None if report is None else {**asdict(report), "failures": report.failures[:_MOST_FAILURES]}


def _words(text: str) -> str:
    """A path may hold what no database takes."""
    return text.replace("\0", " ").encode("utf-8", "backslashreplace").decode("utf-8")
