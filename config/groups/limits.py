"""Sizes, times and numbers that keep one customer from costing another."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from config.groups import SettingsGroup


class LimitsGroup(SettingsGroup):
    """Sizes, times and numbers that keep one customer from costing another."""

    title: ClassVar[str] = "Limits"

    max_attachment_bytes: int = Field(gt=0, description="The largest file that is taken, in bytes.")
    attachment_fetch_seconds: float = Field(
        300.0,
        ge=0,
        description="How long a file that a platform does not give us now is tried again, before agent and customer are "
        "told that it did not come. While the channel's credentials are refused it is tried for as long as that lasts.",
    )
    turn_concurrency: int = Field(gt=0, description="Conversations that one worker answers at the same time.")
    lease_seconds: float = Field(gt=0.5, description="A worker that dies is replaced after this long.")
    turn_timeout_seconds: float = Field(gt=0, description="The longest that a customer waits before an honest failure.")
    retention_days: int = Field(
        ge=0,
        description="How long raw events, journals of tool calls, pieces of answers and delivered outbox rows are kept, "
        "in days; 0 keeps them for ever. Messages stay, and so do dead letters.",
    )
