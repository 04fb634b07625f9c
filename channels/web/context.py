"""What all routes and connections of the web channel share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from channels.web.access import Access
from channels.web.admission import Admission
from channels.web.links import Links
from channels.web.live import Live
from channels.web.origins import Origins
from channels.web.rates import MemoryRates
from channels.web.reception import Reception
from channels.web.settings import WebSettings
from channels.web.shown import ReadCursors
from channels.web.unsent_files import UnsentRecords
from core.domain.customer import Identity
from core.ports.clock import Clock
from core.ports.event_log import EventLog
from core.ports.metrics import Metrics
from core.ports.store import Records
from core.ports.tickets import Tickets
from core.ports.wake import Wake


class WebRecords(Records, UnsentRecords, Tickets, Protocol):
    """What the database knows of conversations, files, customers and tickets."""

    async def forget_attachment(self, attachment_id: str) -> bool:
        """False when a message refers to it, or when it is not known."""
        ...

    async def is_blocked(self, sender: Identity) -> bool:
        """Whether staff have blocked that person."""
        ...


@dataclass(frozen=True, slots=True)
class WebContext:
    """One channel's parts. ``frame_rates`` count the frames of each connection."""

    settings: WebSettings
    records: WebRecords
    log: EventLog
    wake: Wake
    clock: Clock
    metrics: Metrics
    access: Access
    admission: Admission
    origins: Origins
    links: Links
    live: Live
    reception: Reception
    read_cursors: ReadCursors
    frame_rates: MemoryRates
    closing: set[asyncio.Task[None]] = field(default_factory=set)

    def client_config(self, locale: str | None) -> dict[str, Any]:
        """What a client needs to know of the hub's settings.

        It comes with a new session, with the first frame of each connection, and with each poll: a client may stay for days
        while the hub is restarted with other settings.
        """
        settings = self.settings
        return {
            "company": settings.company or None,
            "locale": locale or settings.locale,
            "max_attachment_bytes": settings.limits.attachment_bytes,
            "max_attachments": settings.limits.attachments,
            "max_message_chars": settings.limits.message_chars,
            "accept": list(settings.accept),
            "features": {
                "attachments": settings.attachments,
                "feedback": settings.feedback,
                "staff": settings.staffed,
                "transcript": settings.transcripts,
            },
        }
