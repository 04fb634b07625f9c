"""Many accept at once, from several connections: no place is given twice, none is left out."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

from core.ports.channel import Accepted
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.sayings import claim, item, said, thread
from tests.scale import Scale

pytestmark = BOTH_DATABASES


async def _accept_in_batches(store: SqlStore, events: list[object], rng: random.Random) -> list[Accepted]:
    accepted: list[Accepted] = []
    while events:
        size = rng.randint(1, 8)
        batch, events = events[:size], events[size:]
        for result in await store.accept([item(event, in_log=True) for event in batch]):
            assert isinstance(result, Accepted), result
            accepted.append(result)
    return accepted


async def test_one_conversation_from_several_connections(
    open_store: OpenStore, rng: random.Random, scale: Scale
) -> None:
    each = scale.pick(small=25, full=500)
    stores = [await open_store() for _ in range(4)]
    results = await asyncio.gather(
        *(
            _accept_in_batches(store, [said(f"{number}-{index}") for index in range(each)], random.Random(number))
            for number, store in enumerate(stores)
        )
    )
    accepted = [one for result in results for one in result]
    assert sorted(one.seq for one in accepted) == list(range(1, 4 * each + 1))
    assert sorted(one.cursor or 0 for one in accepted) == list(range(1, 4 * each + 1))
    for result in results:
        assert all(before.seq < after.seq for before, after in pairwise(result)), "who waited for the answer goes on"
    stored = await stores[0].messages(thread().conversation_id, limit=10_000)
    assert [message.seq for message in stored] == list(range(1, 4 * each + 1))


async def test_many_conversations_in_crossing_orders(open_store: OpenStore, rng: random.Random) -> None:
    stores = [await open_store() for _ in range(3)]
    names = [f"t{number}" for number in range(12)]

    def batch(worker: int, turn: int) -> list[object]:
        order = rng.sample(names, k=len(names))
        return [said(f"{worker}-{turn}-{name}", where=name) for name in order]

    rounds = [(store, batch(worker, turn)) for turn in range(8) for worker, store in enumerate(stores)]
    results = await asyncio.gather(*(store.accept([item(one) for one in events]) for store, events in rounds))
    assert all(isinstance(one, Accepted) for result in results for one in result)
    for name in names:
        stored = await stores[0].messages(thread(name).conversation_id)
        assert [message.seq for message in stored] == list(range(1, 25))


async def test_the_same_events_delivered_to_all_at_once(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(4)]
    events = [item(said(f"e{number}", where=f"t{number % 3}"), in_log=True) for number in range(15)]
    results = await asyncio.gather(*(store.accept(events) for store in stores))
    for position in range(len(events)):
        answers = [result[position] for result in results]
        assert all(isinstance(one, Accepted) for one in answers), answers
        assert len({(one.message_id, one.cursor) for one in answers if isinstance(one, Accepted)}) == 1
        assert sum(not one.duplicate for one in answers if isinstance(one, Accepted)) == 1


async def test_accepting_while_others_claim_and_finish(open_store: OpenStore, rng: random.Random) -> None:
    from tests.contract.stores.sayings import answer, outcome

    acceptor, worker = await open_store(), await open_store()
    total, handled = 60, 0

    async def accept_all() -> None:
        for number in range(total):
            await acceptor.accept([item(said(f"e{number}", where=f"t{number % 4}"))])

    accepting = asyncio.create_task(accept_all())
    seen: list[str] = []
    while handled < total:
        states = await claim(worker, 2)
        for state in states:
            seen.extend(message.id for message in state.pending)
            handled += len(state.pending)
        finished = await worker.finish([outcome(state, answer()) for state in states])
        assert all(one.held for one in finished)
    await accepting
    assert len(seen) == len(set(seen)) == total
