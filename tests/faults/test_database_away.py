"""The database is stopped, killed and started, locked, or full: the hub answers 5xx, loses nothing that it acknowledged,
and goes on by itself when the database is back."""

from __future__ import annotations

import asyncio
import sqlite3
import time

import aiohttp
import pytest

from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import Crowd, crowd
from tests.patience import PATIENCE
from tests.servers.hub import Hub
from tests.servers.postgres import PostgresServer
from tests.servers.small_disk import SmallDisk

pytestmark = pytest.mark.slow


async def _refused(people: Crowd, more: int) -> None:
    """Until the hub has said to everybody that it cannot store anything."""
    before = people.refusals()["unavailable"]
    await people.allow(more)
    until = time.monotonic() + PATIENCE
    while people.refusals()["unavailable"] < before + len(people.customers):
        assert time.monotonic() < until, f"not refused: {[str(customer) for customer in people.customers]}"
        await asyncio.sleep(0.1)


async def _post(hub: Hub) -> tuple[int, float]:
    """The status of a first message, and the seconds that it took."""
    async with aiohttp.ClientSession(hub.url) as http:
        async with http.post("/api/sessions", json={}) as response:
            session = await response.json()
        path = f"/api/chat/sessions/{session['session_id']}/messages?wait=0"
        headers = {"Authorization": f"Bearer {session['token']}"}
        started = time.monotonic()
        async with http.post(path, json={"message": "hello", "client_id": "1"}, headers=headers) as response:
            assert response.content_type == "application/problem+json" or response.status < 400
            return response.status, time.monotonic() - started


async def test_postgres_stopped_killed_and_started(
    make_faulty_hub: MakeFaultyHub, durable_postgres: PostgresServer
) -> None:
    url = durable_postgres.url(await durable_postgres.create_database())
    hub, _ = make_faulty_hub(database_url=url)
    await asyncio.to_thread(hub.start)
    async with crowd([hub.url], 1, customers=5, each=12, window=1) as people:
        for place, end in enumerate((durable_postgres.stop, durable_postgres.kill)):
            await people.allow(2)
            await people.acknowledged(6 * place + 1)
            await asyncio.to_thread(end)
            await _refused(people, 2)
            assert (await _post(hub))[0] == 503
            assert await asyncio.to_thread(hub.get_status, "/health/ready") == 503
            assert await asyncio.to_thread(hub.get_status, "/health/live") == 200
            await asyncio.to_thread(durable_postgres.start)
            await people.allow(2)
            await people.answered(6 * (place + 1))
        await people.end(url, hub)


async def test_started_before_its_database(make_faulty_hub: MakeFaultyHub, durable_postgres: PostgresServer) -> None:
    url = durable_postgres.url(await durable_postgres.create_database())
    durable_postgres.stop()
    hub, _ = make_faulty_hub(database_url=url)
    await asyncio.to_thread(hub.start)
    assert (await _post(hub))[0] == 503
    await asyncio.to_thread(durable_postgres.start)
    async with crowd([hub.url], 1, customers=2, each=2) as people:
        await people.end(url, hub)


async def test_postgres_on_a_full_disk(
    make_faulty_hub: MakeFaultyHub, postgres_on_small_disk: tuple[PostgresServer, SmallDisk]
) -> None:
    server, disk = postgres_on_small_disk
    url = server.url(await server.create_database())
    hub, _ = make_faulty_hub(database_url=url)
    await asyncio.to_thread(hub.start)
    async with crowd([hub.url], 1, customers=6, each=40, window=1) as people:
        await people.allow(4)
        await people.acknowledged(2)
        await asyncio.to_thread(disk.fill)
        await _fill_up(people)
        disk.free()
        if not server.running:  # it gives up when there is no room to recover in, as an operator would see
            await asyncio.to_thread(server.start)
        await people.end(url, hub)


async def _fill_up(people: Crowd) -> None:
    """Write until the room that the database had left is used up too."""
    await people.allow(36)
    until = time.monotonic() + PATIENCE
    while people.refusals()["unavailable"] < 3 and time.monotonic() < until:  # noqa: ASYNC110 - another process fills it
        await asyncio.sleep(0.1)
    assert people.refusals()["unavailable"] >= 3, "it never was full"


async def test_sqlite_that_cannot_grow(make_faulty_hub: MakeFaultyHub, sqlite_url: str) -> None:
    """``max_page_count`` at the present size: each commit that needs a page fails as on a full disk."""
    hub, switches = make_faulty_hub(database_url=sqlite_url)
    await asyncio.to_thread(hub.start)
    async with crowd([hub.url], 1, customers=6, each=60, window=1) as people:
        await people.allow(3)
        await people.acknowledged(1)
        switches.limit.touch()
        await _fill_up(people)
        assert await asyncio.to_thread(hub.get_status, "/health/ready") == 503
        await asyncio.to_thread(hub.restart)  # full and killed, and still full
        await _fill_up(people)
        switches.limit.unlink()
        assert await asyncio.to_thread(hub.get_status, "/health/ready") == 200
        await people.end(sqlite_url, hub)


async def test_sqlite_locked_by_somebody_else(make_faulty_hub: MakeFaultyHub, sqlite_url: str) -> None:
    """A backup tool, say, holds the write lock for longer than a writer waits."""
    hub, _ = make_faulty_hub(database_url=sqlite_url)
    await asyncio.to_thread(hub.start)
    async with crowd([hub.url], 1, customers=8, each=6, window=1) as people:
        await people.allow(2)
        await people.acknowledged(1)
        other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await people.allow(2)
        answers = await asyncio.gather(*(_post(hub) for _ in range(20)))
        other.execute("COMMIT")
        other.close()
        assert {status for status, _ in answers} == {503}
        assert max(seconds for _, seconds in answers) < 15
        await people.end(sqlite_url, hub)
