"""At the start of a hub: open cases of an earlier desk are shown at the one that the settings ask for."""

from __future__ import annotations

import structlog

from config.desk.desk import by_mail
from config.desk.staffed import desk_account, is_answered_by_mail
from config.processes.election import Election
from config.settings import Settings
from core.domain.errors import StoreUnavailable
from core.ports.clock import Clock
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from handoff.waits.moved_cases import MovedCases

log = structlog.get_logger(__name__)

_LEASE = 30.0


async def move_cases(
    settings: Settings, handoff: HandoffSettings, store: SqlStore, clock: Clock, election: Election
) -> None:
    """Once, before turns are run. While the database is away it is left to the next start."""
    if not await election.won("moved cases", _LEASE):
        return
    handoff = by_mail(handoff) if is_answered_by_mail(settings) else handoff
    try:
        moved = await MovedCases(store, desk_account(settings), handoff, clock).move()
    except StoreUnavailable as error:
        log.warning("desk.not_moved", error=error.detail)
        return
    if moved:
        log.info("desk.moved", cases=moved)
