"""SIGTERM: no request is dropped, no turn is cut off. Each request gets its answer, or its message was never accepted."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
import pytest

from tests.faults.checks import read_settled
from tests.faults.conftest import MakeFaultyHub
from tests.faults.crowd import crowd
from tests.faults.scripted import question
from tests.patience import PATIENCE
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

pytestmark = pytest.mark.slow


@dataclass
class Asked:
    """What became of requests that wait for their answer: by status, and those that got none."""

    statuses: Counter[int] = field(default_factory=Counter)
    accepted: set[str] = field(default_factory=set)
    unanswered: set[str] = field(default_factory=set)


async def _ask(http: aiohttp.ClientSession, hub: Hub, asked: Asked, client_id: str) -> None:
    """One session, one message, and no second try."""
    try:
        async with http.post(f"{hub.url}/api/sessions", json={}) as response:
            session = await response.json()
    except (aiohttp.ClientError, OSError):
        return
    path = f"{hub.url}/api/chat/sessions/{session['session_id']}/messages"
    headers = {"Authorization": f"Bearer {session['token']}"}
    try:
        async with http.post(path, json={"message": question(1), "client_id": client_id}, headers=headers) as response:
            await response.read()
            asked.statuses[response.status] += 1
            if response.status < 300:
                asked.accepted.add(client_id)
    except (aiohttp.ClientError, OSError):
        asked.unanswered.add(client_id)


async def _keep_asking(hub: Hub, asked: Asked, rng: random.Random, name: str, until: asyncio.Event) -> None:
    connector = aiohttp.TCPConnector(keepalive_timeout=5)
    async with aiohttp.ClientSession(connector=connector) as http:
        number = 0
        while not until.is_set():
            number += 1
            await _ask(http, hub, asked, f"{name}-{number}")
            await asyncio.sleep(rng.uniform(0.0, 0.03))


async def test_no_request_and_no_turn_is_dropped_on_sqlite(
    make_faulty_hub: MakeFaultyHub, sqlite_url: str, scenario_seed: int
) -> None:
    await _stop_while_asked(make_faulty_hub, sqlite_url, scenario_seed)


async def test_no_request_and_no_turn_is_dropped_on_postgres(
    make_faulty_hub: MakeFaultyHub, postgres_url: str, scenario_seed: int
) -> None:
    await _stop_while_asked(make_faulty_hub, postgres_url, scenario_seed)


async def _stop_while_asked(make_faulty_hub: MakeFaultyHub, url: str, scenario_seed: int) -> None:
    hub, _ = make_faulty_hub(database_url=url, lease=2.0)
    await asyncio.to_thread(hub.start)
    asked, until = Asked(), asyncio.Event()
    rng = random.Random(scenario_seed)
    async with crowd([hub.url], scenario_seed, customers=4, each=8) as people:
        asking = [asyncio.create_task(_keep_asking(hub, asked, rng, f"a{place}", until)) for place in range(12)]
        await people.allow(4)
        await eventually(lambda: asked.statuses[200] > 0)
        await asyncio.sleep(rng.uniform(0.6, 1.2))
        assert await asyncio.to_thread(hub.stop) == 0, hub.log_tail()
        until.set()
        await asyncio.gather(*asking)
        stored = await read_settled(url, within=0.0)
        _check(asked, {json.loads(row.meta)["client_id"] for row in stored.messages if row.author == "customer"})
        leased = [row.id for row in stored.conversations if row.lease_until is not None]
        assert not leased, "left claimed, so that the next start has to wait for the lease"
        assert not [row.id for row in stored.outbox if row.status == "sending"], "left in the middle of sending"
        await asyncio.to_thread(hub.start)
        await people.finished(3 * PATIENCE)
    assert await asyncio.to_thread(hub.stop) == 0


def _check(asked: Asked, stored: set[str]) -> None:
    assert asked.statuses[200] > 0
    assert set(asked.statuses) <= {200, 202, 503}, asked.statuses
    assert asked.accepted <= stored
    assert not asked.unanswered & stored, "accepted, and not answered"


async def test_rolling_restarts(make_faulty_hub: MakeFaultyHub, postgres_url: str, scenario_seed: int) -> None:
    """Two hubs behind one database are stopped and started in turn; customers notice nothing but a new connection."""
    hubs = [make_faulty_hub(database_url=postgres_url, lease=2.0)[0] for _ in range(2)]
    await asyncio.gather(*(asyncio.to_thread(hub.start) for hub in hubs))
    async with crowd([hub.url for hub in hubs], scenario_seed, customers=6, each=12) as people:
        for hub in hubs:
            await people.allow(4)
            await asyncio.sleep(0.2)
            assert await asyncio.to_thread(hub.stop) == 0, hub.log_tail()
            await people.allow(2)
            await asyncio.to_thread(hub.start)
        await people.end(postgres_url, *hubs)
