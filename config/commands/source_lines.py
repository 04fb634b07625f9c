"""How fresh a source is, in lines for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo

from core.domain.jobs import Job, JobState
from knowledge.index.indexed_roots import IndexedRoot
from knowledge.sources.secrets import without_secret

_MOST_FAILURES = 10


def source_lines(jobs: Sequence[Job], zone: tzinfo) -> Iterator[str]:
    """Nothing where no hub has run yet."""
    if jobs:
        yield "sources:"
    for job in jobs:
        yield f"  {job.source}"
        yield from (f"    {line}" for line in _lines(job, zone))


def went_well(job: Job) -> bool:
    """Whether nobody has to look at it."""
    if job.state in (JobState.FAILED, JobState.INTERRUPTED) or job.error:
        return False
    return job.report is None or not job.report.failures


def _lines(job: Job, zone: tzinfo) -> Iterator[str]:
    began, seen = shown_time(job.began_at, zone), shown_time(job.seen_at, zone)
    taken_up = (
        f", taken up from one that was cut off about {shown_time(job.cut_off_at, zone)}" if job.cut_off_at else ""
    )
    match job.state:
        case JobState.NEW:
            yield "was not read yet"
        case JobState.RUNNING:
            yield f"is being read since {began}{taken_up}{_progress(job)}; its last sign of life was at {seen}"
        case JobState.INTERRUPTED:
            yield f"was being read since {began}{taken_up} and was cut off about {seen}{_progress(job)}; it is taken up"
        case JobState.DONE | JobState.FAILED:
            pass
    if job.ended_at is not None:
        of_this = taken_up if job.state in (JobState.DONE, JobState.FAILED) else ""
        yield f"was read last at {shown_time(job.ended_at, zone)}{of_this}: {_outcome(job)}"
        yield from _failures(job)
    if job.asked_at is not None:
        yield f"is to be read as soon as can be, as was asked at {shown_time(job.asked_at, zone)}"
    if job.next_run_at is not None:
        yield f"is read next at {shown_time(job.next_run_at, zone)}"
    else:
        yield "is read when somebody asks for it"


def _outcome(job: Job) -> str:
    report = job.report
    if job.error:
        return f"it failed: {job.error}"
    if report is None:
        return "done"
    return f"{report.indexed} indexed, {report.unchanged} unchanged, {report.removed} removed"


def _failures(job: Job) -> Iterator[str]:
    failures = [] if job.report is None else [one for one in job.report.failures if one[0] != job.source]
    yield from (f"{place}: {reason}" for place, reason in failures[:_MOST_FAILURES])
    if len(failures) > _MOST_FAILURES:
        yield f"and {len(failures) - _MOST_FAILURES} more"


def _progress(job: Job) -> str:
    at = job.progress
    if at is None:
        return ""
    among = " of all sources that are read together" if at.together else ""
    return f", {at.stage}: {at.done} of {at.total} documents{among}" + (f", at {at.document}" if at.document else "")


def named_lines(held: Sequence[IndexedRoot], zone: tzinfo) -> Iterator[str]:
    """What somebody named by hand: no schedule reads it again."""
    if held:
        yield "named on the command line, and read again when they are named again:"
    for one in held:
        wrong = f", {one.wrong} of them not read whole" if one.wrong else ""
        fetched = f", as fetched at {shown_time(one.fetched_at, zone)}" if one.fetched_at else ""
        yield f"  {without_secret(one.root)}"
        yield f"    {one.documents} documents{wrong}{fetched}"


def shown_time(seconds: float | None, zone: tzinfo) -> str:
    """On the clock of that zone, which is named once for all that is shown."""
    return (
        "" if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    )
