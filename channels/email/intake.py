"""One mail from the mailbox to the hub: its thread looked up, its events committed. Returns when that is done, not before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from channels.accepting import accept_each
from channels.email import letter
from channels.email.letter import Letter
from channels.email.parse import JOINED, THREAD, Reader
from channels.email.settings import EmailSettings
from channels.email.threads import Place, Threads
from core.domain.errors import InvalidInput, Overloaded, StoreUnavailable
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.ports.channel import InboundSink

_log = structlog.get_logger(__name__)


class Intake:
    """``take`` may be given the same mail again and again: it is accepted once."""

    def __init__(self, settings: EmailSettings, reader: Reader, threads: Threads, sink: InboundSink) -> None:
        self._settings = settings
        self._reader = reader
        self._threads = threads
        self._sink = sink

    async def take(self, raw: RawEvent) -> None:
        """Raises StoreUnavailable and Overloaded: then it has to be taken again. What cannot be read is quarantined."""
        try:
            await self._accept(raw)
        except (StoreUnavailable, Overloaded):
            raise
        except InvalidInput as error:
            await self._sink.quarantine(raw, error.detail)
        except Exception as error:  # one mail that nobody thought of must not stop all that come after it
            _log.exception("email.unreadable", folder=raw.headers["folder"], uid=raw.headers["uid"])
            await self._sink.quarantine(raw, f"{type(error).__name__} while reading")

    async def _accept(self, raw: RawEvent) -> None:
        mail = await asyncio.to_thread(letter.read, raw.body, self._settings)  # a large mail takes a second
        place: Place | None = None
        if mail.author is not None and mail.origin is None and not mail.is_report:
            place = await self._threads.find(mail)
            raw = placed(raw, place)
        events = await asyncio.to_thread(self._reader.read, raw)
        if not events:
            said = str(mail.origin or "report")
            _log.info("email.left_alone", reason=said, folder=raw.headers["folder"], uid=raw.headers["uid"])
            return
        if place is not None:
            await self._note(raw, place, mail, events)
        refused = await accept_each(self._sink, events, raw)
        if refused:
            await self._sink.quarantine(raw, "; ".join(error.detail for _, error in refused))

    async def _note(self, raw: RawEvent, place: Place, mail: Letter, events: Sequence[InboundEvent]) -> None:
        for event in events:
            if isinstance(event, MessageReceived):
                if event.caution:
                    _log.warning("email.for_people_only", folder=raw.headers["folder"], uid=raw.headers["uid"])
                if event.for_record:
                    _log.info("email.kept_for_record", folder=raw.headers["folder"], uid=raw.headers["uid"])
                if not place.known and not (event.for_record and place.joined):
                    await self._threads.note(place, mail, event.text, event.sent_at)


def placed(raw: RawEvent, place: Place) -> RawEvent:
    """The event with its thread, so that parsing needs no memory."""
    return replace(raw, headers={**raw.headers, THREAD: place.thread, JOINED: "1" if place.joined else "0"})
