"""The mark with which a person gives the conversation back to the agent."""

from __future__ import annotations

from dataclasses import replace

from core.domain.case import Case
from core.ports.desk import HANDED_BACK
from core.ports.store import NewMessage


def handed_back(notice: NewMessage, case: Case) -> NewMessage:
    """The notice that the customer reads, from which the agent knows that it answers again, and since when it did not."""
    return replace(notice, meta={**notice.meta, HANDED_BACK: {"since": case.opened_at.isoformat()}})
