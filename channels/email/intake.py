"""One mail from the mailbox to the hub: its thread looked up, its events committed. Returns when that is done, not before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from channels.accepting import accept_each
from channels.email.confined import ConfinedMail, UnreadMail
from channels.email.letter import Letter
from channels.email.parse import BEGUN_BY_US, BY_STAFF, CASE, INSIDE, JOINED, KNOWN, THREAD, Reader
from channels.email.threads import NewMail, Place, Threads
from core.domain.errors import InvalidInput, Outdated, Overloaded, StoreUnavailable
from core.domain.messages import InboundEvent, MessageReceived, RawEvent
from core.ports.channel import Accepted, InboundSink

AfterReading = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _ReadMail:
    """``raw``: with the mail's thread. ``new``: what is remembered with it."""

    raw: RawEvent
    mail: Letter
    events: Sequence[InboundEvent]
    thread: str
    new: NewMail | None


class Intake:
    """``take`` may be given the same mail again and again: it is accepted once. Of mails that are taken together, each finds its
    thread as those before it left it, and those of one thread are accepted one after another.
    """

    def __init__(self, mail: ConfinedMail, reader: Reader, threads: Threads, sink: InboundSink) -> None:
        self._mail = mail
        self._reader = reader
        self._threads = threads
        self._sink = sink
        self._in_order = asyncio.Lock()
        self._ends: dict[str, asyncio.Future[bool]] = {}
        self.begin()

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
            self._stopped = True
            raise
        except InvalidInput as error:
            await self._sink.quarantine(raw, error.detail)
        except Exception as error:  # one mail that nobody thought of must not stop all that come after it
            _log.exception("email.unreadable", folder=raw.headers["folder"], uid=raw.headers["uid"])
            await self._sink.quarantine(raw, f"{type(error).__name__} while reading")

    def begin(self, *, together: bool = False) -> None:
        """Call it before mails are taken, alone or ``together``, when those before them are done with."""
        self._ends.clear()
        self._stopped = False
        self._all_are_read = asyncio.Event()
        if not together:
            self._all_are_read.set()

    async def ended(self, taking: Sequence[asyncio.Task[None]]) -> Sequence[BaseException | None]:
        """How the mails that are taken together ended: they are committed together when all of them are read."""
        try:
            await asyncio.sleep(0)  # each stands in line by then
            async with self._in_order:
                self._all_are_read.set()
            return await asyncio.gather(*taking, return_exceptions=True)
        finally:
            for one in taking:
                one.cancel()

    async def _accept(self, raw: RawEvent, after_reading: AfterReading | None) -> None:
        async with self._in_order:
            if self._stopped:
                raise Overloaded("An earlier mail was not taken.")
            mail = await self._mail.letter(raw.body)
            if after_reading is not None:
                await after_reading()
            read = await self._read(raw, mail)
            before = self._ends.get(read.thread)
            ended = self._ends[read.thread] = asyncio.get_running_loop().create_future()
        taken = False
        try:
            with self._threads.noting(read.new):
                await self._all_are_read.wait()
                if before is not None and not await asyncio.shield(before):
                    raise Overloaded("An earlier mail of this thread was not taken.")
                if await self._hand_over(read):
                    await self._accept_reused_id(raw, read)
            taken = True
        finally:
            ended.set_result(taken)

    async def _accept_reused_id(self, raw: RawEvent, known: _ReadMail) -> None:
        """Accept as a mail of its own what only has the Message-ID of a mail that was accepted before."""
        if known.new is not None:
            self._threads.forget(known.new)
        other = await self._threads.reusing(known.mail)
        if other is not None:
            read = await self._read(raw, other)
            with self._threads.noting(read.new):
                await self._hand_over(read)

    async def _read(self, raw: RawEvent, mail: Letter) -> _ReadMail:
        """Find the mail's thread, and read what the mail says in it."""
        if not mail.is_for_us:
            return _ReadMail(raw, mail, self._reader.events(raw, mail), mail.event_id, None)
        place = await self._threads.find(mail)
        raw = placed(raw, place)
        events = self._reader.events(raw, mail)
        new = self._note(raw, place, mail, events) if place.case is None else None
        return _ReadMail(raw, mail, events, place.thread, new)

    async def _hand_over(self, read: _ReadMail) -> bool:
        """Whether a mail with its id and its author was accepted before."""
        raw, mail, events, new = read.raw, read.mail, read.events, read.new
        if not events:
            said = "spam" if mail.spam else str(mail.origin or "report")
            note = _log.warning if mail.spam else _log.info
            note("email.left_alone", reason=said, folder=raw.headers["folder"], uid=raw.headers["uid"])
            return False
        accepted: list[Accepted] = []
        try:
            refused = await accept_each(self._sink, _with_notes(events, new), raw, accepted)
        except Outdated:
            if new is not None:
                await self._threads.write(new)
            refused = await accept_each(self._sink, events, raw, accepted)
        if refused:
            await self._sink.quarantine(raw, "; ".join(error.detail for _, error in refused))
        return bool(accepted) and all(one.duplicate for one in accepted)

    def _note(self, raw: RawEvent, place: Place, mail: Letter, events: Sequence[InboundEvent]) -> NewMail | None:
        for event in events:
            if isinstance(event, MessageReceived):
                if event.caution:
                    _log.warning("email.for_people_only", folder=raw.headers["folder"], uid=raw.headers["uid"])
                if event.for_record:
                    _log.info("email.kept_for_record", folder=raw.headers["folder"], uid=raw.headers["uid"])
                if not place.known and not (event.for_record and place.joined):
                    return self._threads.note(place, mail, event.text, event.sent_at)
        return None


def _with_notes(events: Sequence[InboundEvent], new: NewMail | None) -> Sequence[InboundEvent]:
    """The first message that came with it has them."""
    first = next((event for event in events if isinstance(event, MessageReceived)), None)
    if first is None or new is None:
        return events
    return [replace(first, notes=new.notes) if event is first else event for event in events]


def placed(raw: RawEvent, place: Place) -> RawEvent:
    """The event with its thread, so that parsing needs no memory."""
    about = {CASE: place.case} if place.case is not None else {}
    if place.people is not None:
        about[KNOWN] = json.dumps(place.people)
    marks = {
        JOINED: place.joined,
        BEGUN_BY_US: place.begun_by_us,
        BY_STAFF: place.by_staff,
        INSIDE: place.inside,
    }
    said = {name: "1" if holds else "0" for name, holds in marks.items()}
    return replace(raw, headers={**raw.headers, THREAD: place.thread, **said, **about})
