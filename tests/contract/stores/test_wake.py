"""Wakes: heard by whoever listens in any process, kept while the listener is busy, and never an error."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.ports.wake import INBOX, OUTBOX, WIDGET, Wake
from core.storage.wake_local import MAX_PENDING_KEYS, LocalWake
from core.storage.wake_postgres import PostgresWake
from tests.servers.postgres import PostgresServer
from tests.servers.process import free_port


@pytest.fixture
async def pair(postgres_url: str) -> AsyncIterator[tuple[PostgresWake, PostgresWake]]:
    """Two processes' wakes on one database, both connected."""
    wakes = PostgresWake(postgres_url), PostgresWake(postgres_url)
    for wake in wakes:
        connected = wake.subscribe(WIDGET)
        await wake.start()
        assert await connected.wait(60)
        connected.close()
    yield wakes
    for wake in wakes:
        await wake.stop()


@pytest.fixture(params=["local", "postgres"])
def wake(request: pytest.FixtureRequest) -> Wake:
    """Listeners in the same process need no connection, so none is made."""
    return LocalWake() if request.param == "local" else PostgresWake("postgresql://postgres@127.0.0.1/nowhere")


async def test_a_listener_in_the_same_process_hears_at_once(wake: Wake) -> None:
    inbox, outbox = wake.subscribe(INBOX), wake.subscribe(OUTBOX)
    wake.notify(INBOX, "a")
    wake.notify(INBOX, "b")
    wake.notify(INBOX, "a")
    assert await inbox.wait(0) == {"a", "b"}
    assert await inbox.wait(0) == frozenset()
    assert await outbox.wait(0) == frozenset(), "topics are apart"


async def test_every_listener_hears_and_one_who_left_does_not(wake: Wake) -> None:
    first, second, left = (wake.subscribe(INBOX) for _ in range(3))
    left.close()
    wake.notify(INBOX, "a")
    assert await first.wait(0) == await second.wait(0) == {"a"}
    assert await left.wait(0) == frozenset()


async def test_waiting_ends(wake: Wake) -> None:
    assert await wake.subscribe(INBOX).wait(0.01) == frozenset()


async def test_listeners_in_other_processes_hear(pair: tuple[PostgresWake, PostgresWake]) -> None:
    here, there = pair
    heard = there.subscribe(WIDGET)
    for number in range(300):
        here.notify(WIDGET, f"{number:032x}")
    wanted, everything = {f"{number:032x}" for number in range(300)}, frozenset[str]()
    while not everything >= wanted:
        news = await heard.wait(60)
        assert news, f"{len(wanted - everything)} were not heard"
        everything |= news


async def test_what_waits_for_the_connection_is_bounded(pair: tuple[PostgresWake, PostgresWake]) -> None:
    here, there = pair
    await here.stop()
    heard = there.subscribe(WIDGET)
    for number in range(10_001):
        here.notify(WIDGET, f"{number:032x}")
    await here.start()
    last, news = f"{10_000:032x}", set[str]()
    while last not in news:
        more = await heard.wait(60)
        assert more
        news |= more
    assert news == {"", last}


async def test_a_broken_connection_is_made_again(
    pair: tuple[PostgresWake, PostgresWake], postgres_server: PostgresServer, postgres_url: str
) -> None:
    here, there = pair
    heard = there.subscribe(INBOX)
    name = postgres_url.rsplit("/", 1)[1]
    await postgres_server.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    assert await heard.wait(60), "what may have been missed meanwhile is looked for"
    for _ in range(100):
        here.notify(INBOX, "after")
        if "after" in await heard.wait(0.2):
            return
    raise AssertionError("not heard after the connection was lost")


async def test_a_listener_that_is_busy_keeps_no_more_than_it_can_use() -> None:
    wake = LocalWake()
    listener = wake.subscribe(INBOX)
    for number in range(MAX_PENDING_KEYS + 5):
        wake.notify(INBOX, str(number))
    keys = await listener.wait(0)
    assert "" in keys, "look at everything"
    assert str(MAX_PENDING_KEYS + 4) in keys
    assert len(keys) <= MAX_PENDING_KEYS


async def test_a_database_that_is_away_is_no_error() -> None:
    wake = PostgresWake(f"postgresql://postgres@127.0.0.1:{free_port()}/switchboard")
    listener = wake.subscribe(INBOX)
    await wake.start()
    wake.notify(INBOX, "a")
    assert await listener.wait(0) == {"a"}
    await wake.stop()
