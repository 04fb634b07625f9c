"""The JSON of how fresh the knowledge is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

RunState = Literal["new", "running", "done", "failed", "interrupted"]


class ReindexRequest(BaseModel):
    """What to read again: a source as it is configured, or all of them where none is named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] | None = None


class ReindexAccepted(BaseModel):
    """Sources that are read again as soon as can be, and where it is seen how that goes."""

    sources: list[str]
    status: str


class ReindexProgress(BaseModel):
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


class KnowledgeStatus(BaseModel):
    """How fresh each source is."""

    sources: list[SourceStatus]
    time_zone: str
