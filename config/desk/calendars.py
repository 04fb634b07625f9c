"""Keeps the company's calendars up to date: who is on call, and which days are holidays."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import structlog
from aiohttp.abc import AbstractResolver

from config.desk import ical
from config.desk.assign import calendars_of
from config.processes.loops import LoopTask
from config.settings import Settings
from core.domain.calendar import Calendar, Entry
from core.domain.errors import ConfinedError
from core.ports.clock import Clock
from core.ports.confined import CallLimits, ConfinedCalls
from handoff.settings import HandoffSettings
from knowledge.sources.guard import Guard
from knowledge.sources.web import Limits, Unfetched, UnfetchedKind, Web

_EVERY = 900.0
_PAST, _AHEAD = timedelta(days=2), timedelta(days=400)
_MOST = 5 * 1024 * 1024
_REDIRECTS = 5
_LIMITS = CallLimits(wall_seconds=30.0, cpu_seconds=15, memory=512 * 1024 * 1024)
_WHY: Final[Mapping[UnfetchedKind, str]] = {
    "private": "it leads into a private network; a calendar there needs an IP address or a name that can only be local",
    "slow": "its server did not answer in time",
    "large": "it is larger than 5 MB",
    "failed": "its server cannot be reached, or answers in no form that is known",
}
_log = structlog.get_logger(__name__)


class _Useless(Unfetched):
    """What a server answered is no calendar. The reason is in words of this module, which name no address."""


class CalendarFeeds:
    """Reads each calendar at the start and every quarter of an hour. If a calendar cannot be fetched or parsed, the last good
    copy is kept: also over a restart, in ``folder``. An address is never logged: often it is the key as well.
    """

    def __init__(
        self,
        calendars: Sequence[Calendar],
        folder: Path,
        calls: ConfinedCalls,
        clock: Clock,
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._calendars = calendars
        self._folder = folder
        self._calls = calls
        self._clock = clock
        self._resolver = resolver
        self._task = LoopTask()

    def start(self) -> None:
        """See Loop."""
        self._task.begin(self._loop(), "calendars")

    async def stop(self) -> None:
        """See Loop."""
        await self._task.end()

    async def _loop(self) -> None:
        for one in self._calendars:
            await self.recall(one)
        while True:
            for one in self._calendars:
                await self.refresh(one)
            await asyncio.sleep(_EVERY)

    async def recall(self, calendar: Calendar) -> None:
        """Read the copy of an earlier process, if there is one."""
        try:
            calendar.entries = await self._read(calendar, await asyncio.to_thread(self._copy(calendar).read_bytes))
        except FileNotFoundError:
            return
        except (ConfinedError, OSError, TypeError, ValueError) as error:
            _log.warning("calendar.copy_unread", host=urlsplit(calendar.address).hostname, error=_why(error))

    async def look(self, calendar: Calendar) -> str | None:
        """Read it now, keep no copy, and return what is wrong with it."""
        try:
            calendar.entries = await self._read(calendar, await self._fetched(calendar.address))
        except (Unfetched, ConfinedError, OSError, TypeError, ValueError) as error:
            return _why(error)
        return None

    async def refresh(self, calendar: Calendar) -> bool:
        """Whether it could be read."""
        host = urlsplit(calendar.address).hostname
        try:
            body = await self._fetched(calendar.address)
            calendar.entries = await self._read(calendar, body)
            await asyncio.to_thread(self._keep, calendar, body)
        except (Unfetched, ConfinedError, OSError, TypeError, ValueError) as error:
            _log.warning("calendar.kept", host=host, error=_why(error))
            return False
        return True

    async def _fetched(self, address: str) -> bytes:
        guard = Guard([address], ())
        async with Web(guard, Limits(seconds=20.0), self._resolver) as web:
            for _ in range(_REDIRECTS):
                answer = await web.get(address, most=_MOST)
                if answer.status // 100 == 2:
                    return answer.body
                further = urljoin(address, answer.headers.get("Location", ""))
                if answer.status // 100 != 3 or urlsplit(further).scheme not in ("http", "https"):
                    raise _Useless(f"its server answered {answer.status}")
                address = further
        raise _Useless("it is redirected too often")

    async def _read(self, calendar: Calendar, body: bytes) -> Sequence[Entry]:
        now = self._clock.now()
        request = ical.build_request(body, now - _PAST, now + _AHEAD, calendar.zone)
        return ical.entries(await self._calls.call(ical.READ, request, limits=_LIMITS))

    def _copy(self, calendar: Calendar) -> Path:
        return self._folder / f"{hashlib.sha256(calendar.address.encode()).hexdigest()[:32]}.ics"

    def _keep(self, calendar: Calendar, body: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        copy = self._copy(calendar)
        fresh = copy.with_suffix(".new")
        fresh.write_bytes(body)
        fresh.replace(copy)


def _why(error: Exception) -> str:
    """In words of this module: those of the error may name an address, also one that the calendar's server led to."""
    if isinstance(error, Unfetched):
        return error.reason if isinstance(error, _Useless) else _WHY[error.kind]
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it cannot be read as a calendar"


def make_calendars(
    settings: Settings, handoff: HandoffSettings, calls: ConfinedCalls, clock: Clock
) -> CalendarFeeds | None:
    """None where the settings name none."""
    found = calendars_of(handoff)
    return CalendarFeeds(found, settings.data_dir / "calendars", calls, clock) if found else None
