"""The tables ``[[knowledge_source]]`` of switchboard.toml: each says of one source what a bare address cannot."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.domain.knowledge import KnowledgeAudience
from knowledge.schedule import Schedule
from knowledge.sources.options import CLOSED_TICKETS, TICKETS, SourceOptions, guess_kind


class DescribedSource(BaseModel):
    """One table, its fields those of SourceOptions. ``url`` or ``path`` is the address, ``options`` are for third parties."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str | None = None
    path: str | None = None
    kind: str | None = None
    category: str | None = None
    language: str | None = Field(None, pattern=r"^[a-z]{2}$")
    audience: KnowledgeAudience = KnowledgeAudience.PUBLIC
    schedule: str | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    depth: int = Field(4, ge=0, le=50)
    most_pages: int = Field(1000, ge=1, le=100_000)
    hosts: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()
    pause: float = Field(0.25, ge=0, le=60)
    branch: str | None = None
    folder: str | None = None
    options: dict[str, str] = Field(default_factory=dict)

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, value: str | None) -> str | None:
        if value is not None:
            Schedule.parse(value)
        return value

    @model_validator(mode="after")
    def _one_address(self) -> DescribedSource:
        if (self.url is None) == (self.path is None):
            raise ValueError("name either url or path")
        return self

    @model_validator(mode="after")
    def _tickets_for_staff(self) -> DescribedSource:
        address = self.url or self.path or ""
        if (self.kind or guess_kind(address)) != TICKETS:
            return self
        if address != CLOSED_TICKETS or self.branch or self.folder:
            raise ValueError(f"tickets have one address, which is {CLOSED_TICKETS}")
        if "audience" in self.model_fields_set and self.audience is not KnowledgeAudience.STAFF:
            raise ValueError(
                "closed tickets hold what customers wrote to you, and no other customer may read it: "
                'they are always for staff. Leave audience out, or write audience = "staff"'
            )
        return self

    def to_options(self) -> SourceOptions:
        """As the knowledge base takes it."""
        given = self.model_dump(exclude={"url", "path", "options"})
        extra = tuple(sorted(self.options.items()))
        return SourceOptions(self.url or self.path or "", **given, extra=extra)
