"""The store as the composition root hands it out: every part on one database."""

from __future__ import annotations

from core.ports.clock import Clock
from core.storage.attachments import SqlStaleFiles
from core.storage.blocks import SqlBlocks
from core.storage.budgets import SqlBudgets
from core.storage.case_files import SqlCaseFiles
from core.storage.cases import SqlCases
from core.storage.channel_memory import SqlChannelMemory
from core.storage.contact_routes import ANSWERS_WITHIN, SqlFollowUps
from core.storage.database import Database
from core.storage.delivery_outcomes import SqlDeliveryOutcomes
from core.storage.event_log import SqlEventLog
from core.storage.experiment_outcomes import SqlExperiments
from core.storage.gaps import SqlGaps
from core.storage.inbox import SqlInbox
from core.storage.jobs import SqlJobs
from core.storage.journal import SqlJournal
from core.storage.learning import SqlLearning
from core.storage.links import SqlLinks
from core.storage.memories import SqlMemories
from core.storage.outbox import SqlOutbox
from core.storage.personal import SqlPersonal
from core.storage.personal_scope import SqlConfirmedErasures
from core.storage.records import SqlRecords
from core.storage.reports import SqlSentMessages
from core.storage.retention import SqlRetention
from core.storage.tickets import SqlTickets
from core.storage.timers import SqlTimers
from core.storage.turns import SqlTurns
from core.storage.waiting import SqlWaiting


class SqlStore(
    SqlInbox,
    SqlTurns,
    SqlOutbox,
    SqlRecords,
    SqlSentMessages,
    SqlJournal,
    SqlEventLog,
    SqlStaleFiles,
    SqlRetention,
    SqlChannelMemory,
    SqlCases,
    SqlCaseFiles,
    SqlDeliveryOutcomes,
    SqlTickets,
    SqlLinks,
    SqlMemories,
    SqlPersonal,
    SqlConfirmedErasures,
    SqlTimers,
    SqlLearning,
    SqlFollowUps,
    SqlJobs,
    SqlGaps,
    SqlBlocks,
    SqlBudgets,
    SqlWaiting,
    SqlExperiments,
):
    """Implements core.ports.store.Store, ChannelMemory, Leases, Cases, Tickets and Timers.

    The schema must have been migrated before ``open``. ``answers_within``: seconds in which a text message answers what went to
    its number. ``remembers``: whether turns are told what is remembered of their customers.
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
        remembers: bool = True,
    ) -> None:
        super().__init__(
            Database(url, clock, pool_size=pool_size, server_clock=server_clock, stall=stall), answers_within
        )
        self.remembers = remembers

    async def open(self) -> None:
        self.database.open()

    async def close(self) -> None:
        await self.database.close()
