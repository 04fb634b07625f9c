"""Answers of staff for which there was a target are counted, by the worker that committed them."""

from __future__ import annotations

from core.dispatcher import Dispatcher, DispatcherSettings
from core.domain.messages import Audience
from core.ports.metrics import Counter
from core.ports.outcomes import AnswerGiven
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from core.turn import Turn
from tests.contract.stores.sayings import accept, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.responders import Echo, NotedDesk, sorry


async def test_answers_that_had_a_target_are_counted_once_they_are_committed(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    class Answering(NotedDesk):
        async def staff(self, turn: TurnState) -> TurnOutcome:
            """One in time, in two messages, and one that came late."""
            first, late = AnswerGiven("c.1", first=True, in_time=True), AnswerGiven("c.2", first=False, in_time=False)
            return TurnOutcome(turn.claim, turn.conversation.last_seq, cases=(first, first, late))

    settings = DispatcherSettings(lease=5.0, poll=0.005)
    dispatcher = Dispatcher(store, Turn(Echo(), Answering(), {}, metrics, sorry), LocalWake(), metrics, settings)
    await dispatcher.start()
    try:
        await accept(store, said("e1", where="staff", audience=Audience.STAFF))
        await eventually(lambda: metrics.total(Counter.STAFF_ANSWERS) == 2)
    finally:
        await dispatcher.stop(5.0)
    counted = sorted(tuple(one.values()) for one in metrics.labels[Counter.STAFF_ANSWERS])
    assert counted == [("first", "in_time"), ("next", "late")]
