"""Reads one folder: each mail once, in order, from where the last one was committed. The mailbox itself is never changed.

The place is UIDVALIDITY and the last UID, remembered some time after the commit (see `folder_place`). When the server numbers
anew, what arrived since the last place is offered again, and known by its Message-ID. Mail that was there before the hub's first
start is not answered. Mails that came together share their commits. What was there when the process started, and what could not
be read, is read one by one: a mail that was begun twice in vain is put aside, so that those behind it are read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from channels.connection_status import ConnectionStatus
from channels.email.confined import UnreadMail
from channels.email.folder_mail import FolderMail, Mail
from channels.email.folder_place import MOST_TRIES, FolderPlace, FolderPlaces
from channels.email.imap import ImapConnection, Numbers, connected
from channels.email.intake import Intake
from channels.email.parse import ANSWERED_FROM
from channels.email.settings import CHANNEL, EmailSettings
from core.domain.errors import AuthFailed, ChannelError, Overloaded, StoreUnavailable
from core.domain.messages import RawEvent
from core.ports.channel import InboundSink
from core.ports.surroundings import Surroundings

_NOT_OURS: Final = 10.0
_LONGEST: Final = 60.0
_LEASE_MARGIN: Final = 45.0
_RENEW: Final = 10.0
_GATHER: Final = 0.25
"""Seconds in which more mail may come that is read together with what came."""
_MOST_GATHERED: Final = 8
_TOGETHER: Final = 32
_MOST_BYTES: Final = 4 * 1024 * 1024
"""Bytes of mail after which no more is loaded beside it."""
_OVERLAP: Final = timedelta(days=3)
"""How far before the last place a folder that was numbered anew is read again."""
_CLOCKS: Final = timedelta(hours=1)
"""How far the clocks of the hub and of the mail server may be apart."""
_STOPPED: Final = "The hub stopped twice while it read this mail."

_log = structlog.get_logger(__name__)


class FolderReading:
    """Of several processes one reads a folder."""

    def __init__(
        self,
        settings: EmailSettings,
        folder: str,
        surroundings: Surroundings,
        status: ConnectionStatus,
        *,
        intake: Intake,
        sink: InboundSink,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._mail = FolderMail(settings, folder, surroundings.has_room)
        self._places = FolderPlaces(surroundings.memory, settings.account, folder)
        self._around = surroundings
        self._status = status
        self._intake = intake
        self._sink = sink
        self._lease = f"{CHANNEL}:{settings.account}:{folder}"
        self._careful = True  # what was there when the process started may have ended the one before
        self._unread = ""  # what could not be read together with others
        self._renew_at = 0.0
        self._failures = 0
        self.tried = asyncio.Event()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            try:
                if await self._hold():
                    await self._session()
                    pause = 0.0
                else:
                    pause = _NOT_OURS
            except Exception as error:  # never let the read loop die
                self._failures += 1
                pause = self._after(error)
            self.tried.set()
            await self._around.clock.sleep(pause)

    async def let_go(self) -> None:
        """Another process may go on at once. Raises StoreUnavailable."""
        await self._places.close()
        await self._around.leases.let_go(self._lease, self._around.process)

    async def _hold(self) -> bool:
        seconds = self._settings.poll_seconds + _LEASE_MARGIN
        held = await self._around.leases.hold(self._lease, self._around.process, seconds)
        self._renew_at = self._around.clock.monotonic() + _RENEW
        return held

    async def _session(self) -> None:
        async with connected(self._settings) as connection:
            place = await self._place(connection, await connection.select(self._folder))
            if self._careful:
                await self._intake.ready()
            while await self._still_ours():
                self._status.clear(self._folder)
                place = await self._read_on(connection, place)
                self._failures = 0
                self.tried.set()
                await self._news(connection)

    async def _still_ours(self) -> bool:
        """The lease is renewed and the place written from time to time, not with each mail."""
        if self._around.clock.monotonic() < self._renew_at:
            return True
        await self._places.flush()
        return await self._hold()

    async def _news(self, connection: ImapConnection) -> None:
        seconds = self._settings.poll_seconds
        if not self._places.is_written:
            seconds = min(seconds, _RENEW)
        if not connection.can_idle:
            await self._around.clock.sleep(seconds)
            return
        more = await connection.news(seconds)
        for _ in range(_MOST_GATHERED):
            if not more:
                break
            more = await connection.news(_GATHER)

    async def _read_on(self, connection: ImapConnection, place: FolderPlace) -> FolderPlace:
        waiting = await connection.after(place.uid)
        while waiting and await self._still_ours():
            if self._careful:
                arrived = await self._one(connection, place, place.validity, waiting[0])
                place = self._passed(place, waiting[0], arrived)
            else:
                place = await self._together(connection, place, waiting[:_TOGETHER])
            waiting = [uid for uid in waiting if uid > place.uid]
        if self._careful:
            await self._places.flush()
            self._careful = bool(waiting)
        return place

    def _passed(self, place: FolderPlace, uid: int, arrived: datetime | None) -> FolderPlace:
        seen = max(place.seen, arrived.isoformat()) if arrived is not None else place.seen
        place = replace(place, uid=uid, seen=seen, due="", tries=0)
        self._places.passed(place)
        _log.info("email.read", folder=self._folder, uid=uid)
        return place

    async def _together(self, connection: ImapConnection, place: FolderPlace, uids: Sequence[int]) -> FolderPlace:
        """What follows the first that was not taken comes again, and is known by its key."""
        mails, failure = await self._load(connection, place, uids)
        self._intake.begin(together=True)
        taking = [asyncio.create_task(self._take(mail, place)) for mail in mails.values()]
        results = await self._intake.ended(taking)
        for (uid, mail), result in zip(mails.items(), results, strict=True):
            if isinstance(result, UnreadMail):
                self._unread = f"{place.validity}/{uid}"
                place = await self._places.count(place, self._unread)
            if isinstance(result, Exception):
                failure = result
                break
            place = self._passed(place, uid, mail.raw.received_at if mail is not None else None)
        self._careful = isinstance(failure, UnreadMail)
        if failure is not None and not self._careful:
            raise failure
        return place

    async def _load(
        self, connection: ImapConnection, place: FolderPlace, uids: Sequence[int]
    ) -> tuple[dict[int, Mail | None], Exception | None]:
        """As many as there is room for, up to the first that cannot be had, and why."""
        mails: dict[int, Mail | None] = {}
        size = 0
        for uid in uids:
            try:
                mail = mails[uid] = await self._mail.get(connection, place.validity, uid)
            except Exception as error:
                return mails, error
            size += len(mail.raw.body) if mail is not None else 0
            if size > _MOST_BYTES:
                break
        return mails, None

    async def _take(self, mail: Mail | None, place: FolderPlace) -> None:
        if mail is None:
            return
        if mail.trouble is not None:
            await self._sink.quarantine(mail.raw, mail.trouble)
        else:
            await self._intake.take(self._dated(mail.raw, place))

    def _dated(self, raw: RawEvent, place: FolderPlace) -> RawEvent:
        return replace(raw, headers={**raw.headers, ANSWERED_FROM: self._answered_from(place)})

    async def _one(
        self, connection: ImapConnection, place: FolderPlace, validity: int, uid: int, since: datetime | None = None
    ) -> datetime | None:
        """Returns after the commit, when the mail came. None for one that has gone, or that nothing is known of."""
        due = f"{validity}/{uid}"
        if self._places.is_over(place, due):
            return await self._put_aside(connection, await self._places.count(place, due), validity, uid)
        mail = await self._mail.get(connection, validity, uid, since)
        if mail is None:
            return None
        if mail.trouble is not None:
            await self._sink.quarantine(mail.raw, mail.trouble)
        else:
            await self._try(place, due, self._dated(mail.raw, place))
        return mail.raw.received_at

    async def _try(self, place: FolderPlace, due: str, raw: RawEvent) -> None:
        """Read and accept the mail; put it aside when that has failed twice."""
        place = await self._places.count(place, due, again=due == self._unread)
        self._unread = ""

        async def could_be_read() -> None:
            if self._careful:
                await self._places.clear(place)

        while True:
            self._intake.begin()
            try:
                return await self._intake.take(raw, could_be_read)
            except UnreadMail as error:
                if place.tries >= MOST_TRIES:
                    return await self._sink.quarantine(raw, f"Reading it failed twice: {error.detail}")
                place = await self._places.count(place, due, again=True)

    async def _put_aside(
        self, connection: ImapConnection, place: FolderPlace, validity: int, uid: int
    ) -> datetime | None:
        """Unread, with its bytes, unless loading them has ended a process as well."""
        loads = place.tries <= MOST_TRIES + 1
        mail = await self._mail.get(connection, validity, uid) if loads else None
        await self._sink.quarantine(mail.raw if mail is not None else self._mail.unloaded(validity, uid), _STOPPED)
        return mail.raw.received_at if mail is not None else None

    async def _place(self, connection: ImapConnection, numbers: Numbers) -> FolderPlace:
        place = await self._places.recall()
        if place is None:
            now = self._around.clock.now().isoformat()
            place = FolderPlace(numbers.validity, max(0, numbers.following - 1), now, now)
            await self._places.keep(place)
            return place
        if place.validity != numbers.validity:
            place = await self._renumbered(connection, place, numbers)
        return place

    async def _renumbered(self, connection: ImapConnection, place: FolderPlace, numbers: Numbers) -> FolderPlace:
        """Read again what arrived since, a few days more to be sure; what the hub has is known by its Message-ID."""
        _log.warning("email.renumbered", folder=self._folder, before=place.validity, now=numbers.validity)
        begun = datetime.fromisoformat(place.begun)
        since = max(begun, datetime.fromisoformat(place.seen) - _OVERLAP)
        before = [uid for uid in await connection.since(since) if uid < numbers.following]
        # The one that was being read when the last process ended comes first: only its tries are remembered.
        for uid in sorted(before, key=lambda uid: (f"{numbers.validity}/{uid}" != place.due, uid)):
            if not await self._hold():
                raise Overloaded("Another process reads this folder now; it begins anew.")
            await self._one(connection, self._places.latest or place, numbers.validity, uid, since)
        anew = replace(place, validity=numbers.validity, uid=max(0, numbers.following - 1), due="", tries=0)
        await self._places.keep(anew)
        return anew

    def _answered_from(self, place: FolderPlace) -> str:
        """Older mail is history: what was there before the hub, and what people and filters move into the folder later."""
        since = datetime.fromisoformat(place.begun) - _CLOCKS
        if self._settings.answer_days:
            since = max(since, self._around.clock.now() - timedelta(days=self._settings.answer_days))
        return since.isoformat()

    def _after(self, error: Exception) -> float:
        backoff = min(_LONGEST, 0.5 * 2.0 ** min(self._failures, 10))
        match error:
            case StoreUnavailable() | Overloaded():
                _log.warning("email.not_stored", folder=self._folder, detail=error.detail)
            case AuthFailed():
                self._status.report("the mailbox does not accept the login", what=self._folder, said=error.detail)
                return _LONGEST
            case ChannelError():
                self._status.report("the mailbox cannot be read", what=self._folder, said=error.detail)
            case _:
                self._status.report("reading the mailbox has failed", what=self._folder)
                _log.error("email.reading_failed", folder=self._folder, exc_info=error)
        return backoff
