"""A message's path never reads a whole table: what a statement costs must not grow with all that was ever said."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event

from core.domain.case import DESK, Case, feed
from core.domain.conversation import OwnershipEvent
from core.domain.customer import ContactDetails
from core.domain.delivery import DeliveryStatus
from core.domain.messages import Author, MessageKind, Receipt
from core.domain.timers import TimerKind
from core.ports.event_log import LogFrame
from core.ports.outcomes import ClearTimers, CrossConversationWrite, FollowUp, Recall, SetTimer
from core.ports.store import NewMessage, Settlement, Transition
from core.ports.timers import TimerDecision
from core.storage.migrate import migrate
from core.storage.store import SqlStore
from core.storage.tables import metadata
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import (
    LEASE,
    accept,
    answer,
    change_owner,
    claim_one,
    deleted,
    edited,
    finish,
    outcome,
    said,
)
from tests.contract.stores.test_cross_conversation_writes import from_staff
from tests.contract.stores.test_follow_ups import ADA, MAIL, again, by_route, mail_route, takes

_MAY_BE_READ_WHOLE = re.compile(r"SCAN (json_each|asked|due|ready|person|anon_1|\(subquery|(\d+ )?CONSTANT)")


@pytest.fixture
def statements() -> Iterator[dict[str, Any]]:
    """Every statement that is executed, with its parameters of one execution."""
    seen: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        seen[statement] = parameters[0] if many else parameters

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


async def test_the_path_of_a_message_scans_no_table(sqlite_url: str, statements: dict[str, Any]) -> None:
    await migrate(sqlite_url)
    store = SqlStore(sqlite_url, ManualClock(), server_clock=False)
    await store.open()
    statements.clear()
    await _whole_path(store)
    await store.close()
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    scans = {}
    for statement, parameters in statements.items():
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)", statement):
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            if found := [step for step in plan if "SCAN" in step and not _MAY_BE_READ_WHOLE.match(step)]:
                scans[statement] = found
    connection.close()
    assert len(statements) > 30, "the path was not walked"
    assert not scans, scans


async def test_on_postgres_neither_whatever_it_knows_of_its_tables(
    postgres_url: str, statements: dict[str, Any]
) -> None:
    """Thousands of rows that came since it last looked at its tables, as on a busy day, and it may look any time."""
    store = SqlStore(postgres_url, ManualClock(), server_clock=False)
    await store.open()
    statements.clear()
    await _whole_path(store)
    path = dict(statements)
    await store.database.write(_many_more)
    scans = await store.database.write(lambda connection: _postgres_scans(connection, path))
    await store.database.write(lambda connection: connection.exec_driver_sql("ANALYZE"))
    scans += await store.database.write(lambda connection: _postgres_scans(connection, path))
    await store.close()
    assert len(path) > 30, "the path was not walked"
    assert not scans, scans


def _many_more(connection: Connection) -> None:
    """Copies of the rows that are there, under other keys."""
    for table, changed in (
        ("conversation", ("id",)),
        ("message", ("id", "conversation_id")),
        ("outbox", ("id", "conversation_id", "message_id", "dedupe")),
        ("widget_event", ("conversation_id", "dedupe", "message_id")),
        ("inbound_event", ("event_key", "conversation_id", "message_id")),
        ("desk_timer", ("case_id", "conversation_id")),
        ("receipt", ("provider_id", "delivery_id", "conversation_id", "message_id")),
        ("relay", ("source_id", "target_id")),
        ("road", ("conversation_id", "address")),
        ("follow_up", ("conversation_id",)),
        ("contacted", ("address",)),
    ):
        columns = list(metadata.tables[table].columns.keys())
        copied = ", ".join(f"md5({name} || n)" if name in changed else name for name in columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM {table}, generate_series(1, {5_000}) AS n"
        )


def _postgres_scans(connection: Connection, path: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for statement, parameters in path.items():
        if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT|WITH)", statement):
            plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
            found += [(statement, step) for step in plan if "Seq Scan" in step]
    return found


async def _whole_path(store: SqlStore) -> None:
    for number in range(2):  # the second time it is no newcomer
        await accept(store, said(f"e{number}"), in_log=True)
        await accept(store, said(f"e{number}"), in_log=True)
        await accept(store, edited(f"x{number}", f"e{number}", "Hello!"), in_log=True)
        state = await claim_one(store)
        home = state.conversation.id
        await store.extend([state.claim], LEASE)
        await store.append_provisional(state.claim, [LogFrame("text", {"delta": "An"}, turn_id=f"t{number}")])
        assert await finish(store, state, answer(turn_id=f"t{number}"))
        (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
        message = delivery.message.message_id
        done = LogFrame("complete", {}, turn_id=f"t{number}", message_id=message, dedupe=f"m{number}")
        await store.append(home, [done])
        await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)])
        await store.read({home: 0})
        await store.history(home, after=0, limit=100)
        await store.heads([home])
        await store.find(home, f"m{number}")
        await store.conversation(home)
        await store.customer_messages("web", "main", "of t1", 10)
        await accept(store, deleted(f"d{number}", f"e{number}"), in_log=True)
    await change_owner(store, home, Transition(OwnershipEvent.ESCALATE))
    assert [one.id for one in await store.who_waits(10)] == [home]
    await _shown_to_staff(store)
    await _timers(store, home)
    await _left_the_page(store, home)


async def _shown_to_staff(store: SqlStore) -> None:
    """What a customer says is copied to staff, and one of them puts an emoji on the copy."""
    await accept(store, said("for staff"), in_log=True)
    state = await claim_one(store)
    copy = NewMessage(Author.CUSTOMER, "for staff", MessageKind.NOTICE, relays=state.pending[0].id)
    shown = CrossConversationWrite(feed("default", Case.named(state.conversation.id, 1)), (copy,))
    assert (await store.finish([outcome(state, cross_writes=(shown,))]))[0].held
    (delivery,) = await store.claim_deliveries(DESK, "default", 10, LEASE)
    receipt = Receipt("m/C1/1.1", tracked=True)
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, receipts=(receipt,))])
    assert await store.copied_from("default", "m/C1/1.1") == "for staff"
    assert await store.copied_from("default", "m/C1/2.2") is None


async def _timers(store: SqlStore, home: str) -> None:
    case_id = Case.named(home, 1)
    await accept(store, said("for a timer"))
    silent = SetTimer(case_id, TimerKind.OWNER_SILENT, 0.0)
    read = ClearTimers(case_id, (TimerKind.SNOOZED,), datetime(2026, 1, 1, tzinfo=UTC), silent)
    records = (*(SetTimer(case_id, kind, 0.0) for kind in TimerKind), read)
    state = await claim_one(store)
    owed = replace(outcome(state, cases=records), owes_files_of=(state.pending[0].id,))
    assert (await store.finish([owed]))[0].held
    assert await store.written_since(home, datetime(2026, 1, 1, tzinfo=UTC)) is not None
    last = (await store.messages(home))[-1].id
    assert await store.still_to_come([last]) == frozenset()
    due, *_ = await store.due_timers(10, LEASE)
    assert (await store.finish_timer(due, TimerDecision())).held
    assert await store.timers(case_id)


async def _left_the_page(store: SqlStore, home: str) -> None:
    """Staff write to somebody who is not there any more; it goes by mail and is answered there; then they think again."""
    case_id = Case.named(home, 1)
    await accept(store, said("leaves"), in_log=True)
    state = await claim_one(store)
    records = (SetTimer(case_id, TimerKind.FOLLOW_UP, 0.0),)
    told = answer("From staff", author=Author.STAFF, relays=state.pending[0].id)
    given = outcome(state, told, contact=ContactDetails(email=ADA), cases=records)
    assert (await store.finish([given]))[0].held
    while found := await store.claim_deliveries("web", "main", 10, LEASE):
        for one in found:
            await store.append(home, [LogFrame("message", message_id=one.message.message_id, dedupe=one.id)])
            await store.settle([Settlement(one.id, one.token, DeliveryStatus.SENT)])
    await _followed(store, home)
    (mail,) = await store.claim_deliveries(*MAIL, 10, LEASE)
    await store.settle([Settlement(mail.id, mail.token, DeliveryStatus.SENT)])
    assert (await takes(store, by_route("mail-1", "Thank you!", mail_route())))[0].conversation_id == home
    await store.note_shown(home, await store.head(home))
    assert await store.is_at_home(mail_route()) is False
    await _thinks_again(store, home)


async def _followed(store: SqlStore, home: str) -> None:
    seen, now = await store.unseen(home), await store.conversation(home)
    assert seen.messages
    assert now is not None
    way = mail_route()
    follow = FollowUp(seen.last_seq, seen.shown_cursor, seen.messages[-1][0].seq, way, await store.contacted(way))
    cross_write = CrossConversationWrite(
        now.key, (again("From staff", way),), ownership_epoch=now.ownership_epoch, follow_up=follow
    )
    (due,) = await store.due_timers(10, LEASE)
    assert (await store.finish_timer(due, TimerDecision((cross_write,)))).held
    assert await store.going(home) == MAIL


async def _thinks_again(store: SqlStore, home: str) -> None:
    """One reply is reworded in time, and one taken back; each goes by two routes."""
    late = [answer(text, author=Author.STAFF, delay=60.0) for text in ("One", "Two")]
    assert (await store.finish([outcome(await claim_one(store), *late)]))[0].held
    one, two = [message.id for message in await store.messages(home)][-2:]
    assert await store.waiting([one, two]) == {one, two}
    await accept(store, from_staff("m/C1/9.9"))
    now = await store.conversation(home)
    assert now is not None
    cross_write = CrossConversationWrite(
        now.key, ownership_epoch=now.ownership_epoch, recalls=(Recall(one, None), Recall(two, "Three"))
    )
    assert (await store.finish([outcome(await claim_one(store), cross_writes=(cross_write,))]))[0].held


async def test_what_a_channel_lists_is_found_in_the_index(sqlite_url: str, statements: dict[str, Any]) -> None:
    await migrate(sqlite_url)
    store = SqlStore(sqlite_url, ManualClock(), server_clock=False)
    await store.open()
    statements.clear()
    await store.recall_all("slack", "default", "begin/")
    await store.close()
    statement, parameters = _of_memory(statements)
    connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
    (step,) = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    connection.close()
    assert step.endswith("(channel=? AND account=? AND key>? AND key<?)")


async def test_on_postgres_as_well_however_its_language_sorts(postgres_url: str, statements: dict[str, Any]) -> None:
    store = SqlStore(postgres_url, ManualClock(), server_clock=False)
    await store.open()
    for key in ("begin/a", "BEGIN/a", "begin-b", "begin/é", "begin/\U0010fffe"):
        await store.remember("slack", "default", key, "")
    statements.clear()
    assert list(await store.recall_all("slack", "default", "begin/")) == ["begin/a", "begin/é", "begin/\U0010fffe"]
    statement, parameters = _of_memory(statements)
    plan = await store.database.read(
        lambda connection: connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
    )
    await store.close()
    (condition,) = [step for step in plan if "Index Cond" in step]
    assert condition.count("(key ") == 2, plan


def _of_memory(statements: Mapping[str, Any]) -> tuple[str, Any]:
    ((statement, parameters),) = ((one, given) for one, given in statements.items() if "channel_memory" in one)
    return statement, parameters
