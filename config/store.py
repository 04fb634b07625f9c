"""From settings to the store. Apart from the other parts, which commands that only ask the database need not load."""

from __future__ import annotations

from config.settings import Settings
from core.ports.clock import Clock
from core.storage.store import SqlStore


def make_store(settings: Settings, clock: Clock) -> SqlStore:
    """Not opened yet."""
    within = settings.follow_up_answer_days * 86_400
    return SqlStore(
        settings.effective_database_url,
        clock,
        stall=settings.lease_seconds,
        answers_within=within,
        remembers=settings.memory,
    )
