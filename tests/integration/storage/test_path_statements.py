"""What one message costs the database: its statements and transactions are counted, so that no change adds one unseen.

The message is the second of its conversation, alone and private, answered by one message that is delivered at once: what nearly
all messages are. A batch of many costs hardly more than one, which the counts do not show.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, event

from core.domain.delivery import DeliveryStatus
from core.ports.store import Settlement
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import LEASE, accept, answer, claim_one, customer, finish, said

_STATEMENTS = {"accept": 6, "claim": 3, "finish": 4, "claim_deliveries": 5, "settle": 2}
"""The most that each step may execute, on either database; each is one transaction. A lower count is entered here as well.

accept: the conversation, the event's key, the message, the event, its frame in the log, the conversation. claim: the
conversation, what was said, people. finish: the conversation twice, the message, the delivery. claim_deliveries: the
deliveries, their conversations, messages and files, the mark. settle: the delivery twice.
"""


class _Counter:
    """Statements as they go to the database, one for a batch of rows; a transaction's own begin and commit are none."""

    def __init__(self) -> None:
        self.statements: dict[str, list[str]] = {}
        self.transactions: dict[str, int] = {}
        self._step = ""

    def begin(self, step: str) -> None:
        self._step = step
        self.statements[step], self.transactions[step] = [], 0

    def statement(self, _connection: object, _cursor: object, text: str, *_more: object) -> None:
        if self._step and not text.startswith(("BEGIN", "PRAGMA")):
            self.statements[self._step].append(text)

    def transaction(self, _connection: object) -> None:
        if self._step:
            self.transactions[self._step] += 1


@pytest.fixture
def counted() -> Iterator[_Counter]:
    """All that any engine executes."""
    counter = _Counter()
    event.listen(Engine, "before_cursor_execute", counter.statement)
    event.listen(Engine, "begin", counter.transaction)
    yield counter
    event.remove(Engine, "before_cursor_execute", counter.statement)
    event.remove(Engine, "begin", counter.transaction)


async def _path(store: SqlStore, counted: _Counter) -> None:
    ada = customer("ada", display_name="Ada", verified=True, locale="en")
    await accept(store, said("e1", who=ada), in_log=True)
    assert await finish(store, await claim_one(store), answer())
    (first,) = await store.claim_deliveries("web", "main", 10, LEASE)
    await store.settle([Settlement(first.id, first.token, DeliveryStatus.SENT)])
    counted.begin("accept")
    await accept(store, said("e2", who=ada), in_log=True)
    counted.begin("claim")
    state = await claim_one(store)
    counted.begin("finish")
    assert await finish(store, state, answer())
    counted.begin("claim_deliveries")
    (delivery,) = await store.claim_deliveries("web", "main", 10, LEASE)
    counted.begin("settle")
    await store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT)])


async def test_a_lone_message_costs_no_more_than_it_did(database_url: str, counted: _Counter) -> None:
    store = SqlStore(database_url, ManualClock(), server_clock=False)
    await store.open()
    try:
        await _path(store, counted)
    finally:
        await store.close()
    assert {step: len(found) for step, found in counted.statements.items()} == _STATEMENTS, counted.statements
    assert counted.transactions == dict.fromkeys(_STATEMENTS, 1)
