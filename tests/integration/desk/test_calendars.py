"""Calendars of the company's as they are fetched: kept while their server is away, and bounded whatever is in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from config.desk import calendars as feeds
from config.desk.calendar_check import check_calendars
from config.desk.calendars import CalendarFeeds
from config.settings import Settings
from core.confined.runner import ConfinedRunner
from core.domain.calendar import Calendar
from core.ports.confined import CallLimits
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.sources.site import Site, serving
from tests.integration.sources.test_guard import Names

EVENT = (
    "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:{start}\r\n{more}\r\nSUMMARY:{who}\r\nEND:VEVENT\r\n"
)
AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def ics(who: str, start: str = "20261101T000000Z", more: str = "DURATION:P30D") -> str:
    event = EVENT.format(start=start, more=more, who=who)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n{event}END:VCALENDAR\r\n"


@pytest_asyncio.fixture
async def site() -> AsyncIterator[Site]:
    async with serving(Site()) as found:
        yield found


@pytest_asyncio.fixture
async def calls() -> AsyncIterator[ConfinedRunner]:
    runner = ConfinedRunner(("icalendar", "recurring_ical_events"))
    yield runner
    await runner.close()


@pytest.fixture
def read(site: Site, calls: ConfinedRunner, tmp_path: Path) -> Callable[[], tuple[CalendarFeeds, Calendar]]:
    """A process that has just started, and its calendar."""

    def start() -> tuple[CalendarFeeds, Calendar]:
        calendar = Calendar(f"{site.address}/on-call.ics?key=s3cret", ZoneInfo("UTC"))
        return CalendarFeeds([calendar], tmp_path / "calendars", calls, ManualClock()), calendar

    return start


Started = Callable[[], tuple[CalendarFeeds, Calendar]]


def shows(site: Site, body: str | bytes | int) -> None:
    """At the calendar's address."""

    async def answer(_: web.Request) -> web.Response:
        if isinstance(body, int):
            return web.Response(status=body)
        return web.Response(body=body, content_type="text/calendar")

    handler: Callable[[web.Request], Awaitable[web.StreamResponse]] = answer
    site.pages["/on-call.ics?key=s3cret"] = handler


async def test_what_was_read_last_holds_while_the_server_is_down(site: Site, read: Started) -> None:
    feed, calendar = read()
    shows(site, ics("ann@example.com"))
    assert await feed.refresh(calendar)
    assert calendar.at(AT) == ["ann@example.com"]
    for down in (500, 404, "<html>Sign in</html>"):
        shows(site, down)
        assert not await feed.refresh(calendar)
        assert calendar.at(AT) == ["ann@example.com"]
    after, again = read()
    assert again.at(AT) == []
    await after.recall(again)
    assert again.at(AT) == ["ann@example.com"], "after a restart as well"
    shows(site, ics("bob@example.com"))
    assert await after.refresh(again)
    assert again.at(AT) == ["bob@example.com"]


async def test_a_started_feed_reads_by_itself(site: Site, read: Started) -> None:
    shows(site, ics("ann@example.com"))
    feed, calendar = read()
    feed.start()
    try:
        async with asyncio.timeout(60):
            while not calendar.at(AT):  # noqa: ASYNC110 - nobody says when it is done
                await asyncio.sleep(0.01)
    finally:
        await feed.stop()


async def test_a_redirect_is_followed_but_not_into_another_network(site: Site, read: Started) -> None:
    feed, calendar = read()
    site.pages["/on-call.ics?key=s3cret"] = "-> /moved.ics"
    site.pages["/moved.ics"] = ics("ann@example.com")
    assert await feed.refresh(calendar)
    site.pages["/on-call.ics?key=s3cret"] = "-> http://169.254.169.254/latest/meta-data/"
    assert not await feed.refresh(calendar)
    site.pages["/on-call.ics?key=s3cret"] = "-> /on-call.ics?key=s3cret"
    assert not await feed.refresh(calendar)
    assert site.asked_for("/on-call.ics?key=s3cret") < 10


async def test_a_name_that_leads_to_a_private_address_is_not_asked(tmp_path: Path, calls: ConfinedRunner) -> None:
    calendar = Calendar("https://calendar.example.com/a.ics", ZoneInfo("UTC"))
    feed = CalendarFeeds([calendar], tmp_path, calls, ManualClock(), Names("10.0.0.1"))
    assert not await feed.refresh(calendar)


@pytest.mark.parametrize(
    "hostile",
    [
        ics("ann", "00010101T000000Z", "RRULE:FREQ=SECONDLY"),
        ics("ann", "19700101T000000Z", "RRULE:FREQ=SECONDLY;BYMONTHDAY=31;BYMONTH=2"),
        b"BEGIN:VCALENDAR\r\n" + b"X:" + b"a" * (10 * 1024 * 1024),
    ],
    ids=["every second for ever", "a day that never comes", "ten megabytes"],
)
async def test_a_hostile_calendar_is_bounded(
    site: Site, read: Started, hostile: str | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = CallLimits(wall_seconds=60.0, cpu_seconds=3, memory=512 * 1024 * 1024)
    monkeypatch.setattr(feeds, "_LIMITS", limits)
    feed, calendar = read()
    shows(site, ics("ann@example.com"))
    assert await feed.refresh(calendar)
    shows(site, hostile)
    await feed.refresh(calendar)
    assert len(calendar.entries) <= 2_000
    shows(site, ics("bob@example.com"))
    assert await feed.refresh(calendar), "the next one is read"
    assert calendar.at(AT) == ["bob@example.com"]


async def test_the_address_is_never_logged(site: Site, read: Started) -> None:
    feed, calendar = read()
    with capture_logs() as logs:
        shows(site, 500)
        assert not await feed.refresh(calendar)
        shows(site, "<html>Sign in</html>")
        assert not await feed.refresh(calendar)
    said = str(logs)
    assert "its server answered 500" in said
    assert "it cannot be read as a calendar" in said
    assert "s3cret" not in said


async def test_the_address_that_a_redirect_names_is_never_logged(site: Site, read: Started) -> None:
    """Google and others lead on to an address that is a key as well; aiohttp names it in what it raises."""

    async def no_http(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.com ESMTP\r\n\r\n")
        await writer.drain()
        writer.close()

    feed, calendar = read()
    async with await asyncio.start_server(no_http, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        bad = f"http://127.0.0.1:{port}/s3cret.ics", "http://[s3cret]/a.ics", "http://s3cret@:99999/s3cret.ics"
        for led in (*bad, "http://169.254.169.254/s3cret.ics", "http://127.0.0.1:1/s3cret.ics"):
            site.pages["/on-call.ics?key=s3cret"] = f"-> {led}"
            with capture_logs() as logs:
                assert not await feed.refresh(calendar)
            said = str(logs)
            assert "calendar.kept" in said
            assert "s3cret" not in said
            assert "private_hosts" not in said, "calendars have no such setting"


async def test_doctor_says_whether_each_can_be_read_and_who_is_on_call(site: Site, tmp_path: Path) -> None:
    """It keeps no copy, and tells no address."""
    shows(site, ics("ann@example.com", start="20200101T000000Z", more="DTEND:20990101T000000Z"))
    settings = Settings(
        _env_file=None,
        data_dir=tmp_path,
        desk_on_call_url=f"{site.address}/on-call.ics?key=s3cret",
        desk_hours="Mon-Fri 09:00-17:00",
        desk_holidays_url=f"{site.address}/gone.ics?key=s3cret",
    )
    holidays, on_call = sorted(await check_calendars(settings), key=lambda one: one.check)
    assert (on_call.check, on_call.ok) == ("DESK_ON_CALL_URL", True)
    assert "on call now: ann@example.com" in on_call.detail
    assert (holidays.check, holidays.ok) == ("DESK_HOLIDAYS_URL", False)
    assert "its server answered 404" in holidays.detail
    assert not any("s3cret" in f"{one.detail}{one.fix}" for one in (on_call, holidays))
    assert not (tmp_path / "calendars").exists()
