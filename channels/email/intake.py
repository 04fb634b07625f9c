"""One mail from the mailbox to the hub: its thread looked up, its events committed. Returns when that is done, not before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import structlog

from channels.accepting import accept_each
from channels.email.confined import ConfinedMail, UnreadMail
from channels.email.letter import Letter
from channels.email.parse import BY_STAFF, CASE, JOINED, THREAD, Reader
from channels.email.threads import Place, Threads
from core.domain.errors import InvalidInput, Overloaded, StoreUnavailable
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.ports.channel import InboundSink

AfterReading = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


class Intake:
    """``take`` may be given the same mail again and again: it is accepted once."""

    def __init__(self, mail: ConfinedMail, reader: Reader, threads: Threads, sink: InboundSink) -> None:
        self._mail = mail
        self._reader = reader
        self._threads = threads
        self._sink = sink

    async def ready(self) -> None:
        """Start the confined process, so that the first mail need not wait for it. Raises what `take` raises."""
        await self._mail.ready()

    async def take(self, raw: RawEvent, after_reading: AfterReading | None = None) -> None:
        """Returns after the commit. What cannot be read is quarantined. ``after_reading`` is awaited before the commit.

        Raises StoreUnavailable and Overloaded: then it has to be taken again. Raises UnreadMail, which may be the mail's fault.
        """
        try:
            await self._accept(raw, after_reading)
        except (StoreUnavailable, Overloaded, UnreadMail):
            raise
        except InvalidInput as error:
            await self._sink.quarantine(raw, error.detail)
        except Exception as error:  # one mail that nobody thought of must not stop all that come after it
            _log.exception("email.unreadable", folder=raw.headers["folder"], uid=raw.headers["uid"])
            await self._sink.quarantine(raw, f"{type(error).__name__} while reading")

    async def _accept(self, raw: RawEvent, after_reading: AfterReading | None) -> None:
        mail = await self._mail.letter(raw.body)
        if after_reading is not None:
            await after_reading()
        place: Place | None = None
        if mail.is_for_us:
            place = await self._threads.find(mail)
            raw = placed(raw, place)
        events = self._reader.events(raw, mail)
        if not events:
            said = str(mail.origin or "report")
            _log.info("email.left_alone", reason=said, folder=raw.headers["folder"], uid=raw.headers["uid"])
            return
        if place is not None and place.case is None:
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
    about = {CASE: place.case, BY_STAFF: "1" if place.by_staff else "0"} if place.case is not None else {}
    return replace(raw, headers={**raw.headers, THREAD: place.thread, JOINED: "1" if place.joined else "0", **about})
