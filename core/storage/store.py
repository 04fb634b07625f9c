"""The store as the composition root hands it out: every part on one database."""

from __future__ import annotations

from core.ports.clock import Clock
from core.storage.blocks import SqlBlocks
from core.storage.budgets import SqlBudgets
from core.storage.case_files import SqlCaseFiles
from core.storage.cases import SqlCases
from core.storage.channel_memory import SqlChannelMemory
from core.storage.closed_tickets import SqlClosedTickets
from core.storage.database import Database
from core.storage.event_log import SqlEventLog
from core.storage.fates import SqlFates
from core.storage.follow_ups import SqlFollowUps
from core.storage.gaps import SqlGaps
from core.storage.inbox import SqlInbox
from core.storage.jobs import SqlJobs
from core.storage.journal import SqlJournal
from core.storage.lanes import SqlLanes
from core.storage.learning import SqlLearning
from core.storage.outbox import SqlOutbox
from core.storage.records import SqlRecords
from core.storage.retention import SqlRetention
from core.storage.roads import ANSWERS_WITHIN
from core.storage.stale_files import SqlStaleFiles
from core.storage.tickets import SqlTickets
from core.storage.timers import SqlTimers
from core.storage.turns import SqlTurns
from core.storage.waiting import SqlWaiting


class SqlStore(
    SqlInbox,
    SqlTurns,
    SqlOutbox,
    SqlRecords,
    SqlJournal,
    SqlEventLog,
    SqlStaleFiles,
    SqlRetention,
    SqlChannelMemory,
    SqlCases,
    SqlCaseFiles,
    SqlFates,
    SqlTickets,
    SqlClosedTickets,
    SqlTimers,
    SqlLanes,
    SqlLearning,
    SqlFollowUps,
    SqlJobs,
    SqlGaps,
    SqlBlocks,
    SqlBudgets,
    SqlWaiting,
):
    """Implements core.ports.store.Store, ChannelMemory, Leases, Cases, Tickets and Timers.

    The schema must have been migrated before ``open``. ``answers_within``: seconds in which a text message answers what went to
    its number.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        pool_size: int = 8,
        server_clock: bool = True,
        stall: float = 5.0,
        answers_within: float = ANSWERS_WITHIN,
    ) -> None:
        self.database = Database(url, clock, pool_size=pool_size, server_clock=server_clock, stall=stall)
        SqlInbox.__init__(self, self.database, answers_within)
        SqlBlocks.__init__(self, self.database)
        SqlTurns.__init__(self, self.database)
        SqlOutbox.__init__(self, self.database)
        SqlRecords.__init__(self, self.database)
        SqlJournal.__init__(self, self.database)
        SqlEventLog.__init__(self, self.database)
        SqlStaleFiles.__init__(self, self.database)
        SqlRetention.__init__(self, self.database)
        SqlChannelMemory.__init__(self, self.database)
        SqlCases.__init__(self, self.database)
        SqlCaseFiles.__init__(self, self.database)
        SqlFates.__init__(self, self.database)
        SqlTickets.__init__(self, self.database)
        SqlClosedTickets.__init__(self, self.database)
        SqlTimers.__init__(self, self.database)
        SqlLanes.__init__(self, self.database)
        SqlLearning.__init__(self, self.database)
        SqlFollowUps.__init__(self, self.database)
        SqlGaps.__init__(self, self.database)
        SqlJobs.__init__(self, self.database)
        SqlBudgets.__init__(self, self.database)
        SqlWaiting.__init__(self, self.database)

    async def open(self) -> None:
        """Make the connection pools."""
        self.database.open()

    async def close(self) -> None:
        """Close the connection pools."""
        await self.database.close()
