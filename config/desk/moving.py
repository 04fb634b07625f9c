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

_LEASE = 10.0
"""Seconds after which another process goes on where one died."""


async def move_cases(
    settings: Settings, handoff: HandoffSettings, store: SqlStore, clock: Clock, election: Election
) -> None:
    """Once, before any process runs turns. While the database is away it is left to the next start."""
    handoff = by_mail(handoff) if is_answered_by_mail(settings) else handoff
    moving = MovedCases(store, desk_account(settings), handoff, clock)
    try:
        if await moving.is_done():
            return
        async with election.held("moved cases", seconds=_LEASE):
            moved = await moving.move()
    except StoreUnavailable as error:
        log.warning("desk.not_moved", error=error.detail)
        return
    if moved:
        log.info("desk.moved", cases=moved)
