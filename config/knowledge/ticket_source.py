"""Tickets that are over as a source of knowledge for staff: copied from the hub's database to where all copies lie.

Read page by page, the newest first. A ticket that has not changed keeps its file, so that the index need not look into it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog

from config.knowledge.ticket_document import document_of
from core.domain.errors import StoreUnavailable
from core.ports.tickets import ClosedTicket, ClosedTickets
from knowledge.sources import SourceOptions
from knowledge.sources.mirror import Draft, Page, State

log = structlog.get_logger(__name__)

_AT_ONCE = 50
_FORMAT = 1
"""Raise it when the same ticket becomes another document."""

Tell = Callable[[int, int, str], None]


class TicketReader:
    """Implements knowledge.sources.refresh.Reader."""

    def __init__(self, tickets: ClosedTickets, *, at_once: int = _AT_ONCE) -> None:
        self._tickets = tickets
        self._at_once = at_once

    async def __call__(self, options: SourceOptions, draft: Draft, tell: Tell) -> State:
        """Where the database fails, even once in the middle, what was there before stays."""
        try:
            return await self._read(options, draft, tell)
        except StoreUnavailable as error:
            return replace(draft.before, failure=f"the hub's database cannot be read: {error.detail}")
        except Exception as error:
            log.exception("tickets.failed")
            return replace(draft.before, failure=f"{type(error).__name__}: {error}"[:300])

    async def _read(self, options: SourceOptions, draft: Draft, tell: Tell) -> State:
        kept: dict[str, Page] = {}
        before: str | None = None
        while page := await self._tickets.closed_tickets(before=before, limit=self._at_once):
            kept |= await asyncio.to_thread(_copied, page, options, draft)
            tell(min(len(kept), options.most_pages), len(kept), page[-1].ticket.number)
            if len(kept) >= options.most_pages:
                break
            before = page[-1].ticket.number
        return State(dict(list(kept.items())[: options.most_pages]))


def _copied(page: Sequence[ClosedTicket], options: SourceOptions, draft: Draft) -> dict[str, Page]:
    """Those of a page that make a document, as they are kept."""
    found = ((one.ticket.number, _kept(one, options, draft, draft.before.visited)) for one in page)
    return {number: place for number, place in found if place is not None}


def _kept(found: ClosedTicket, options: SourceOptions, draft: Draft, before: Mapping[str, Page]) -> Page | None:
    """None for one that is not wanted, or that nobody answered."""
    number = found.ticket.number
    folder = (found.ticket.category or "").replace("/", " ").strip()
    place = f"{folder}/{number}.yaml" if folder else f"{number}.yaml"
    if not options.wants(place):
        return None
    version = _version(found)
    known = before.get(number)
    if known is not None and known.etag == version and known.file and (draft.folder / known.file).is_file():
        return replace(known, place=place)
    content = document_of(found)
    if content is None:
        return None
    return Page(draft.keep(content, f"{number}.faq.yaml"), f"tickets/{number}", place, etag=version)


def _version(found: ClosedTicket) -> str:
    """Another one when anything is different that the document is made of; quicker to tell than to make it."""
    said = [
        (one.id, one.author, one.author_name, one.text, one.meta, one.deleted_at) for one in (*found.said, *found.since)
    ]
    ticket = found.ticket
    parts = (_FORMAT, ticket.subject, ticket.category, found.closed_at, found.customer_name, found.locale, said)
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
