"""The JSON of operators' routes and commands, as models: requests are checked by them, answers are made with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from api.schemas import Source, SourceMetadata
from core.domain.jobs import Job, JobState
from core.domain.knowledge import Passage

HealthWord = Literal["ok", "degraded", "down"]
RunState = Literal["new", "running", "done", "failed", "interrupted"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
Time = Annotated[str, BeforeValidator(lambda at: at.isoformat() if isinstance(at, datetime) else at)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Shown(BaseModel):
    """Made of the domain's value that has the same fields."""

    model_config = ConfigDict(from_attributes=True)


class SearchFilters(_Strict):
    """Narrow a search. ``language``: ``de`` or ``de-AT``; passages that are known to be in another one are left out."""

    category: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    language: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2}([-_][A-Za-z0-9]{1,8})*$", max_length=35)] | None
    ) = None


class SearchQuery(_Strict):
    """A search of the knowledge base."""

    query: Text
    limit: int = Field(5, ge=1, le=50)
    filters: SearchFilters = SearchFilters()


class FoundMetadata(SourceMetadata):
    """As in an answer's sources, with the category that ``filters`` can name."""

    category: str | None = None


class Found(Source):
    """A passage that a search found. ``relevance_score`` is how near its meaning is; in the order its words count as well."""

    metadata: FoundMetadata

    @classmethod
    def of(cls, passage: Passage) -> Found:
        """Show a passage as an answer would cite it."""
        cited = passage.cite()
        metadata = FoundMetadata.model_validate(cited, from_attributes=True)
        return cls(
            id=cited.id, title=cited.title, content=cited.content, metadata=metadata, relevance_score=cited.score
        )


class SearchResults(BaseModel):
    """Best first. Passages under ``threshold`` are never quoted to customers."""

    results: list[Found]
    threshold: float


class NearestDocument(_Shown):
    """What came closest without being good enough, or what an answer rested on that was rated badly."""

    title: str
    score: float
    url: str | None = None


class StaffDid(_Shown):
    """What staff did where it was asked. ``case``: a ticket's number, or a case's id."""

    case: str
    resolved: bool
    proposed: bool
    learned: bool


class Gap(_Shown):
    """Questions that ask the same and were not answered, or not well. ``counts``: by reason; a question may have several."""

    id: str
    count: int
    example: str
    first_at: Time
    last_at: Time
    languages: list[str]
    counts: dict[Literal["not_found", "withheld", "thumb_down", "rated_badly"], int]
    nearest: NearestDocument | None = None
    closed_at: Time | None = None
    answer: Annotated[str | None, BeforeValidator(lambda answer: answer or None)] = None
    staff: list[StaffDid]


class Gaps(BaseModel):
    """Those of most questions first. ``by_words``: how many questions are sorted by their words alone so far.

    ``more``: how many there are beyond ``limit``.
    """

    gaps: list[Gap]
    by_words: int
    more: int


class GapClosing(_Strict):
    """What became of it, such as the document that answers it now."""

    answer: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] = ""


class WaitingCustomer(_Shown):
    """Who waits for a person. ``id`` marks it done; ``address`` is theirs on the channel, ``email`` and ``phone`` were left."""

    id: str
    since: Time
    channel: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    reason: str
    last_words: str


class Waiting(BaseModel):
    """The longest waiting first."""

    waiting: list[WaitingCustomer]


class ReindexRequest(_Strict):
    """What to read again: a source as it is configured, or all of them where none is named."""

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] | None = None


class ReindexAccepted(BaseModel):
    """Sources that are read again as soon as can be, and where it is seen how that goes."""

    sources: list[str]
    status: str


class ReindexProgress(_Shown):
    """How far a run is. ``together``: the numbers are those of all sources that are read in one run."""

    done: int
    total: int
    document: str
    stage: str
    together: bool


class ReadingFailure(BaseModel):
    """A document that was not read, or not whole, and why."""

    document: str
    reason: str


class SourceStatus(BaseModel):
    """One source. Times are in the time zone of the schedules.

    ``state``, ``began_at``, ``seen_at`` (the last sign of life), ``cut_off_at`` (when the run that it took up was seen last) and
    ``progress`` are of the run that was begun last; the rest is of the one that ended last.
    """

    source: str
    state: RunState
    schedule: str | None
    next_run_at: str | None
    waiting: bool
    began_at: str | None
    seen_at: str | None
    cut_off_at: str | None
    progress: ReindexProgress | None
    ended_at: str | None
    indexed: int | None
    unchanged: int | None
    removed: int | None
    failures: list[ReadingFailure]
    error: str | None

    @classmethod
    def of(cls, job: Job, zone: tzinfo) -> SourceStatus:
        """Show how a source's runs went and go."""
        under_way = job.state in (JobState.RUNNING, JobState.INTERRUPTED)
        report = asdict(job.report) if job.report is not None else {}
        times = ("next_run_at", "began_at", "seen_at", "cut_off_at", "ended_at")
        return cls(
            source=job.source,
            state=job.state.value,
            schedule=job.schedule or None,
            waiting=job.asked_at is not None,
            progress=ReindexProgress.model_validate(job.progress) if job.progress is not None and under_way else None,
            failures=[ReadingFailure(document=one, reason=why) for one, why in report.get("failures", ())],
            error=job.error or None,
            **{name: report.get(name) for name in ("indexed", "unchanged", "removed")},
            **{name: _time(getattr(job, name), zone) for name in times},
        )


class KnowledgeStatus(BaseModel):
    """How fresh each source is."""

    sources: list[SourceStatus]
    time_zone: str

    @classmethod
    def of(cls, jobs: Iterable[Job], zone: tzinfo) -> KnowledgeStatus:
        """Show all sources, over HTTP and from the command."""
        return cls(sources=[SourceStatus.of(job, zone) for job in jobs], time_zone=str(zone))


def _time(seconds: float | None, zone: tzinfo) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone(zone).isoformat("T", "seconds")


class PartHealth(BaseModel):
    """One part of the hub. ``detail`` and ``parts`` (e.g. one entry for each channel) for operators alone."""

    status: HealthWord
    latency_ms: float
    detail: str | None = None
    parts: dict[str, HealthWord] = {}


class OverallHealth(BaseModel):
    """All parts at once; ``version`` for operators alone."""

    status: HealthWord
    version: str | None = None
    stopping: bool
    checks: dict[str, PartHealth]


class Liveness(BaseModel):
    """The process is up."""

    status: HealthWord


class Readiness(BaseModel):
    """Whether new work may be sent here."""

    status: HealthWord
    detail: str | None = None
    db: PartHealth | None = None
