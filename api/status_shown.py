"""How fresh each source is, as JSON has it. Without the web server, which the command need not load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo

from api import knowledge_schemas as s
from core.domain.jobs import Job, JobState


def status_shown(jobs: Sequence[Job], zone: tzinfo) -> s.KnowledgeStatus:
    """As JSON has it, over HTTP and from the command."""
    return s.KnowledgeStatus(sources=[_source(job, zone) for job in jobs], time_zone=str(zone))


def _source(job: Job, zone: tzinfo) -> s.SourceStatus:
    at, report = job.progress, job.report
    under_way = job.state in (JobState.RUNNING, JobState.INTERRUPTED)
    return s.SourceStatus(
        source=job.source,
        state=job.state.value,
        schedule=job.schedule or None,
        next_run_at=_time(job.next_run_at, zone),
        waiting=job.asked_at is not None,
        began_at=_time(job.began_at, zone),
        seen_at=_time(job.seen_at, zone),
        cut_off_at=_time(job.cut_off_at, zone),
        progress=s.ReindexProgress(**asdict(at)) if at is not None and under_way else None,
        ended_at=_time(job.ended_at, zone),
        indexed=report.indexed if report is not None else None,
        unchanged=report.unchanged if report is not None else None,
        removed=report.removed if report is not None else None,
        failures=[
            s.ReadingFailure(document=document, reason=reason)
            for document, reason in (report.failures if report is not None else ())
        ],
        error=job.error or None,
    )


def _time(seconds: float | None, zone: tzinfo) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(zone).isoformat("T", "seconds")
