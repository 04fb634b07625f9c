"""Roads and addresses are forgotten with time, and not before an answer by them, or the lack of one, has ceased to matter."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from config.processes.sweep import kept_for, remove_expired
from core.domain.conversation import OwnershipEvent, OwnershipState
from core.ports.outcomes import CrossConversationWrite, Transition
from core.ports.retention import Expiring
from core.ports.store import TurnOutcome
from core.storage.contact_routes import LAPSE
from core.storage.desk_tables import contact_route, contacted, follow_up
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, claim_one, customer
from tests.contract.stores.test_cross_conversation_writes import from_staff
from tests.contract.stores.test_follow_ups import by_route, left, mail_route, ring, takes
from tests.integration.storage.test_query_plans import statements

__all__ = ["statements"]
_DAY = 86_400.0
_KINDS = (Expiring.ROADS, Expiring.CONTACTED, Expiring.FOLLOW_UPS)


async def rows(store: SqlStore) -> tuple[int, ...]:
    """Roads, addresses, follow-ups."""

    def work(connection: Connection) -> tuple[int, ...]:
        return tuple(
            connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (contact_route, contacted, follow_up)
        )

    return await store.database.read(work)


async def swept(store: SqlStore, days: int = 7) -> tuple[int, ...]:
    ages = kept_for(days)
    return tuple([await remove_expired(store, kind, ages[kind], rows=1) for kind in _KINDS])


async def followed(store: SqlStore, clock: ManualClock, *, resolved: bool) -> str:
    """Something went by mail; the case is resolved where it should be."""
    home, _ = await left(store, clock)
    assert (await ring(store, clock, home, mail_route())).held
    if resolved:
        await accept(store, from_staff("done", "done"))
        staff = await claim_one(store)
        conversation = await store.conversation(home)
        assert conversation is not None
        cross_write = CrossConversationWrite(
            conversation.key, (), Transition(OwnershipEvent.RESOLVE, reopen_within=60.0)
        )
        (ended,) = await store.finish([TurnOutcome(staff.claim, staff.pending[-1].seq, cross_writes=(cross_write,))])
        assert ended.held
    return home


async def test_contact_routes_and_addresses_go_and_what_keeps_replies_from_going_twice_stays(
    store: SqlStore, clock: ManualClock
) -> None:
    home = await followed(store, clock, resolved=True)
    assert await rows(store) == (1, 1, 1)
    clock.move(7 * _DAY - 1)
    assert await swept(store) == (0, 0, 0)
    clock.move(2)
    assert await swept(store) == (1, 0, 0), "that the address did not answer counts for a month"
    clock.move(LAPSE - 7 * _DAY)
    assert await swept(store) == (0, 1, 0)
    assert await rows(store) == (0, 0, 1)
    assert not (await store.unseen(home)).messages, "nothing that went would go again"


async def test_what_staff_have_keeps_its_road(store: SqlStore, clock: ManualClock) -> None:
    home = await followed(store, clock, resolved=False)
    clock.move(100 * _DAY)
    assert await swept(store) == (0, 1, 0)
    (answered,) = await takes(store, by_route("late", "Here I am", mail_route()))
    assert answered.conversation_id == home


async def test_what_went_lately_keeps_the_address_in_mind(store: SqlStore, clock: ManualClock) -> None:
    await followed(store, clock, resolved=True)
    clock.move(8 * _DAY)
    assert await swept(store, days=1) == (1, 0, 0)
    assert (await store.contacted(mail_route())).unanswered == 1


@BOTH_DATABASES
async def test_an_ended_conversation_is_forgotten_by_all_three(store: SqlStore, clock: ManualClock) -> None:
    home = await followed(store, clock, resolved=False)
    conversation = await store.conversation(home)
    assert conversation is not None
    await store.end_conversation(conversation.key, customer())
    clock.move(40 * _DAY)
    assert await swept(store) == (1, 1, 1)
    assert await rows(store) == (0, 0, 0)
    found = await store.conversation(home)
    assert found is not None
    assert found.state in (OwnershipState.QUEUED, OwnershipState.STAFF)


@pytest.mark.parametrize("days", [0, 1, 90])
def test_how_long(days: int) -> None:
    ages = kept_for(days)
    assert (Expiring.CONTACTED in ages) is bool(days)
    assert ages.get(Expiring.CONTACTED, LAPSE) >= LAPSE


@BOTH_DATABASES
async def test_two_workers_count_each_row_once(store: SqlStore, clock: ManualClock, open_store: OpenStore) -> None:
    await followed(store, clock, resolved=True)
    clock.move(100 * _DAY)
    other = await open_store()
    assert [sum(pair) for pair in zip(await swept(store), await swept(other), strict=True)] == [1, 1, 0]


async def test_a_page_is_found_by_the_key_whatever_there_is(sqlite_url: str, statements: dict[str, Any]) -> None:
    await migrate(sqlite_url)
    clock = ManualClock()
    store = SqlStore(sqlite_url, clock, server_clock=False)
    await store.open()
    await followed(store, clock, resolved=True)
    clock.move(100 * _DAY)
    statements.clear()
    await swept(store)
    await store.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    walked = 0
    for statement, parameters in statements.items():
        if re.match(r"(SELECT|DELETE)", statement):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            assert not [step for step in plan if "SCAN" in step and "USING" not in step], (statement, plan)
            assert not [step for step in plan if "TEMP B-TREE" in step], (statement, plan)
            walked += 1
    connection.close()
    assert walked >= 6
