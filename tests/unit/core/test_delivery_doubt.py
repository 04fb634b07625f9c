"""What a lane does when it cannot know whether a message arrived, and how it asks."""

from __future__ import annotations

from typing import Any

import pytest

from core.delivery import DeliverySettings
from core.domain.capabilities import Capabilities
from core.domain.conversation import OwnershipEvent
from core.domain.delivery import DeliveryStatus
from core.domain.errors import (
    AuthFailed,
    OutcomeUnknown,
    RateLimited,
    TooEarly,
    Unreachable,
)
from core.domain.messages import Author, MessageKind, Receipt
from core.ports.metrics import Counter
from core.ports.store import NewMessage, Transition
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered, change_owner
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import FAST, Running, status_of
from tests.unit.core.scripted_channel import HANG, QueryableChannel, ScriptedChannel


async def test_in_doubt_and_nobody_to_ask_it_is_sent_again_once(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, metrics: CountedMetrics
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(OutcomeUnknown("time-out"))
    async with running(channel):
        waiting = await status_of(row, DeliveryStatus.DUE)
        assert waiting.uncertain
        clock.move(2.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert sent.possible_duplicate
    assert channel.sent == ["one", "one"]
    assert channel.keys[0] == channel.keys[1], "whoever can tell repetitions by their key must be able to"
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 1


async def test_in_doubt_twice_a_person_has_to_see_it(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one", "two")
    channel = ScriptedChannel(OutcomeUnknown("time-out"), OutcomeUnknown("time-out"))
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        dead = await status_of(row, DeliveryStatus.DEAD)
        await eventually(lambda: channel.arrived == ["two"])
    assert dead.possible_duplicate
    assert dead.uncertain, "nobody may say that it never came"
    assert "twice" in dead.last_error
    assert channel.sent == ["one", "one", "two"]


@pytest.mark.parametrize(
    "certain", [Unreachable("refused"), RateLimited("slow", retry_after=1.0), AuthFailed("revoked")]
)
async def test_a_certain_failure_does_not_settle_an_older_doubt(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, certain: Exception
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(OutcomeUnknown("time-out"), certain)
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        await eventually(lambda: len(channel.sent) >= 2)
        if not isinstance(certain, AuthFailed):
            await status_of(row, DeliveryStatus.DUE, 2)
        clock.move(10.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert sent.possible_duplicate


async def test_asked_and_arrived(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[Receipt("p9")])
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]
    assert not sent.possible_duplicate
    assert sent.receipts == '["p9"]'


async def test_asked_and_not_arrived(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[None])
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]
    assert not sent.possible_duplicate


async def test_asked_and_nobody_knows(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, metrics: CountedMetrics
) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[OutcomeUnknown("no record")])
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "one"]
    assert sent.possible_duplicate
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 1


async def test_a_question_that_fails_is_asked_again_before_anything_is_sent(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[Unreachable("503"), Receipt("p9")])
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        waiting = await status_of(row, DeliveryStatus.DUE, 2)
        assert waiting.uncertain
        clock.move(10.0)
        await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]
    assert channel.asked == ["one", "one"]


async def test_where_repetitions_show_once_it_is_simply_sent_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(
        *[OutcomeUnknown("time-out")] * 3, capabilities=Capabilities(text_limit=1000, idempotent_send=True)
    )

    async def sent_after_waiting() -> bool:
        found = await row()
        if found.status == DeliveryStatus.DUE and found.due_at > clock.now().timestamp():
            clock.move(10.0)
        return bool(found.status == DeliveryStatus.SENT)

    async with running(channel):
        await eventually(sent_after_waiting)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert not sent.possible_duplicate
    assert len(channel.keys) == 4
    assert len(set(channel.keys)) == 1


async def test_only_the_part_in_doubt_is_sent_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one\ntwo\nthree")
    channel = QueryableChannel("ok", OutcomeUnknown("time-out"), answers=[None])
    async with running(channel):
        waiting = await status_of(row, DeliveryStatus.DUE)
        assert (waiting.parts_done, waiting.uncertain) == (1, True)
        clock.move(2.0)
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one", "two", "two", "three"]
    assert channel.asked == ["two"]
    assert sent.parts_done == 3


async def test_a_dead_worker_leaves_doubt_about_every_part(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """Killed before anything was settled: how far it had got has to be asked part by part."""
    await answered(store, "one\ntwo\nthree")
    await store.claim_deliveries("web", "main", 1, FAST.lease)
    clock.move(FAST.lease + 1)
    channel = QueryableChannel(answers=[Receipt("p1"), Receipt("p2"), None])
    async with running(channel):
        sent = await status_of(row, DeliveryStatus.SENT)
    assert channel.asked == ["one", "two", "three"]
    assert channel.sent == ["three"]
    assert (sent.parts_done, sent.possible_duplicate) == (3, False)


async def test_a_later_part_of_which_nobody_knows_is_marked(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one\ntwo")
    await store.claim_deliveries("web", "main", 1, FAST.lease)
    clock.move(FAST.lease + 1)
    channel = QueryableChannel(answers=[Receipt("p1"), OutcomeUnknown("no record")])
    async with running(channel):
        sent = await status_of(row, DeliveryStatus.SENT)
    assert (channel.sent, sent.possible_duplicate) == (["two"], True)


async def taken_over_in_doubt(store: SqlStore, clock: ManualClock, text: str = "one") -> None:
    """An answer was being sent when its worker died, and a person has taken over since."""
    conversation_id = await answered(store, text)
    await store.claim_deliveries("web", "main", 1, FAST.lease)
    hello = NewMessage(Author.STAFF, "Grace here.", MessageKind.ANSWER)
    await change_owner(store, conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"), [hello])
    clock.move(FAST.lease + 1)


@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize(
    ("answers", "status", "marked"),
    [
        ([Receipt("p1"), Receipt("p2")], DeliveryStatus.SENT, False),
        ([Receipt("p1"), None], DeliveryStatus.WITHHELD, False),
        ([None], DeliveryStatus.WITHHELD, False),
        ([OutcomeUnknown("no record")], DeliveryStatus.WITHHELD, True),
    ],
)
async def test_after_a_takeover_the_agents_answer_is_only_asked_about(
    store: SqlStore,
    running: Running,
    clock: ManualClock,
    row: Any,
    answers: list[object],
    status: DeliveryStatus,
    marked: bool,
    idempotent: bool,
) -> None:
    await taken_over_in_doubt(store, clock, "one\ntwo")
    channel = QueryableChannel(answers=answers, capabilities=Capabilities(text_limit=1000, idempotent_send=idempotent))
    async with running(channel):
        settled = await status_of(row, status)
        await eventually(lambda: channel.arrived == ["Grace here."])
    assert channel.sent == ["Grace here."], "never two voices"
    assert settled.possible_duplicate is marked


async def test_after_a_takeover_silence_is_safer_than_a_second_voice(
    store: SqlStore, running: Running, clock: ManualClock, row: Any, metrics: CountedMetrics
) -> None:
    await taken_over_in_doubt(store, clock)
    channel = ScriptedChannel()
    async with running(channel):
        settled = await status_of(row, DeliveryStatus.WITHHELD)
        await eventually(lambda: channel.arrived == ["Grace here."])
    assert settled.possible_duplicate, "staff must see that the customer may have it"
    assert metrics.total(Counter.POSSIBLE_DUPLICATES) == 1


async def test_after_a_takeover_a_question_that_failed_is_asked_again(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await taken_over_in_doubt(store, clock)
    channel = QueryableChannel(answers=[Unreachable("503"), Receipt("p1")])
    async with running(channel):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(10.0)
        await status_of(row, DeliveryStatus.SENT, 2)
        await eventually(lambda: channel.arrived == ["Grace here."])
    assert channel.sent == ["Grace here."]


async def test_a_send_that_never_ends(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(HANG)
    async with running(channel, DeliverySettings(poll=0.005, send_timeout=0.02)):
        waiting = await status_of(row, DeliveryStatus.DUE)
    assert waiting.uncertain


async def test_a_question_that_never_ends(store: SqlStore, running: Running, clock: ManualClock, row: Any) -> None:
    await answered(store, "one")
    channel = QueryableChannel(HANG, answers=[HANG, Receipt("p1")])
    async with running(channel, DeliverySettings(poll=0.005, send_timeout=0.02)):
        await status_of(row, DeliveryStatus.DUE)
        clock.move(2.0)
        waiting = await status_of(row, DeliveryStatus.DUE, 2)
        assert waiting.uncertain
        clock.move(10.0)
        await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]


async def test_an_exception_in_the_middle_of_a_send_is_doubt(store: SqlStore, running: Running, row: Any) -> None:
    await answered(store, "one")
    channel = ScriptedChannel(KeyError("ts"))
    async with running(channel):
        waiting = await status_of(row, DeliveryStatus.DUE)
    assert waiting.uncertain, "the provider may have taken it before its answer could not be read"


async def test_nothing_is_sent_after_the_deadline(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """A worker that was frozen between its claim and its send must not begin: it may have a successor."""
    await answered(store, "one")
    channel = ScriptedChannel()
    real = channel.render
    sent_before: list[list[str]] = []

    def frozen(message: Any) -> Any:
        clock.move(FAST.send_timeout + 0.1)
        channel.render = thawed  # type: ignore[method-assign]
        return real(message)

    def thawed(message: Any) -> Any:
        sent_before.append(list(channel.sent))
        return real(message)

    channel.render = frozen  # type: ignore[method-assign]
    async with running(channel):
        sent = await status_of(row, DeliveryStatus.SENT)
    assert sent_before == [[]]
    assert not sent.possible_duplicate
    assert channel.sent == ["one"]


async def test_a_dead_workers_message_comes_back_in_doubt(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    await answered(store, "one")
    await store.claim_deliveries("web", "main", 1, FAST.lease)
    clock.move(FAST.lease + 1)
    channel = QueryableChannel(answers=[Receipt("p1")])
    async with running(channel):
        await status_of(row, DeliveryStatus.SENT)
    assert (channel.asked, channel.sent) == (["one"], [])


async def test_a_question_that_comes_too_early_is_no_try(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """After an outage of days, too: nothing is given up without having been asked for."""
    await answered(store, "one")
    channel = QueryableChannel(OutcomeUnknown("time-out"), answers=[TooEarly("soon", seconds=5.0), Receipt("p9")])
    async with running(channel):
        tried = (await status_of(row, DeliveryStatus.DUE)).attempts
        clock.move(3 * 86_400.0)
        await eventually(lambda: len(channel.asked) == 1)
        waiting = await status_of(row, DeliveryStatus.DUE)
        assert waiting.uncertain
        assert waiting.attempts == tried
        clock.move(5.0)
        await status_of(row, DeliveryStatus.SENT)
    assert channel.sent == ["one"]
