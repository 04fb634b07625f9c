"""Provisional text: in batches, in order, and never after the message that replaces it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from core import stream
from core.domain.conversation import Conversation, OwnershipEvent
from core.domain.errors import LostClaim, StoreUnavailable
from core.domain.messages import Citation
from core.ports.channel import StreamFrame
from core.ports.store import Claim, Transition, TurnState
from core.storage.store import SqlStore
from core.stream import ProvisionalEvents
from tests.contract.stores.sayings import accept, change_owner, claim_one, said
from tests.patience import PATIENCE
from tests.unit.core.eventually import eventually


class Screen:
    """What a customer sees; each write waits for the gate, and may fail."""

    def __init__(self) -> None:
        self.writes: list[list[StreamFrame]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.done = 0
        self.failures: list[Exception] = []

    async def stream(self, conversation: Conversation, frames: Sequence[StreamFrame]) -> None:
        self.writes.append(list(frames))
        self.begun.set()
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        self.done += 1

    @property
    def texts(self) -> list[str]:
        return [str(frame.body["delta"]) for write in self.writes for frame in write if frame.kind == "text"]

    @property
    def kinds(self) -> list[str]:
        return [frame.kind for write in self.writes for frame in write]


@pytest.fixture
async def state(store: SqlStore) -> TurnState:
    await accept(store, said("e1"))
    return await claim_one(store)


async def test_without_a_streaming_channel_nothing_happens(state: TurnState) -> None:
    events = ProvisionalEvents(None, state, "t:1")
    await events.typing()
    await events.text("One. ")
    await events.discard()
    await events.close()


async def test_sentences_share_a_write(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1")
    for number in range(5):
        await events.text(f"{number} ")
    await events.close()
    assert len(screen.writes) == 1
    assert [frame.index for frame in screen.writes[0]] == [0, 1, 2, 3, 4]
    assert {(frame.turn_id, frame.epoch) for frame in screen.writes[0]} == {("t:1", state.claim.epoch)}


async def test_everything_is_written_when_close_returns(state: TurnState) -> None:
    """Also what was being written at that moment: the message that follows must not overtake it."""
    screen = Screen()
    screen.gate.clear()
    events = ProvisionalEvents(screen, state, "t:1")
    await events.text("One. ")
    await screen.begun.wait()
    await events.text("Two. ")
    closing = asyncio.create_task(events.close())
    await asyncio.sleep(0)
    assert not closing.done()
    screen.gate.set()
    await closing
    assert screen.texts == ["One. ", "Two. "]
    assert screen.done == 2


async def test_writes_never_overlap(state: TurnState) -> None:
    screen = Screen()
    screen.gate.clear()
    events = ProvisionalEvents(screen, state, "t:1")
    await events.text("One. ")
    await screen.begun.wait()
    for number in range(3):
        await events.text(f"{number} ")
        await asyncio.sleep(0.06)  # longer than a batch takes: a second write would begin now
    assert len(screen.writes) == 1
    screen.gate.set()
    await events.close()
    assert screen.texts == ["One. ", "0 ", "1 ", "2 "]


async def test_close_does_not_wait_for_the_batch_to_fill(state: TurnState, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1")
    monkeypatch.setattr(stream, "_BATCH", 2 * PATIENCE)
    await events.text("One. ")
    async with asyncio.timeout(PATIENCE):
        await events.close()
    assert screen.texts == ["One. "]


async def test_the_rest_is_left_to_the_message_where_that_tells_it(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", tells_rest=False)
    await events.text("One. ")
    await screen.begun.wait()
    await events.text("Two. ")
    await events.close()
    assert screen.texts == ["One. "]


async def test_a_withdrawal_is_told_at_the_end_too(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", tells_rest=False)
    await events.text("One. ")
    await screen.begun.wait()
    await events.discard()
    await events.text("Better. ")
    await events.close()
    assert screen.kinds == ["text", "discard"]


async def test_a_tool_call_whose_beginning_was_shown_is_shown_to_its_end(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", tells_rest=False)
    await events.tool_call("search_knowledge", "started")
    await screen.begun.wait()
    await events.tool_call("search_knowledge", "finished")
    await events.text("One. ")
    await events.close()
    assert screen.kinds == ["tool_call", "tool_call"]


async def test_tools_and_sources_are_shown(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1")
    await events.typing()
    await screen.begun.wait()
    await events.tool_call("search_knowledge", "started")
    await events.sources([Citation("p1", "Passwords", "…", "faq.yaml", 0.9)])
    await events.close()
    assert screen.kinds == ["typing", "tool_call", "sources"]
    assert screen.writes[1][1].body["citations"][0]["id"] == "p1"


async def test_a_withdrawal_takes_back_what_was_shown(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1")
    await events.text("One. ")
    await screen.begun.wait()
    await events.text("not shown yet ")
    await events.discard()
    await events.text("Better. ")
    await events.close()
    assert screen.texts == ["One. ", "Better. "]
    assert screen.kinds == ["text", "discard", "text"]
    assert screen.writes[-1][-1].index == 0


async def test_a_withdrawal_of_nothing_says_nothing(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1")
    await events.discard()
    await events.close()
    assert screen.writes == []


async def test_who_lost_the_conversation_is_told(state: TurnState) -> None:
    screen = Screen()
    screen.failures = [LostClaim("taken over")]
    events = ProvisionalEvents(screen, state, "t:1")
    await events.text("One. ")
    await events.close()
    with pytest.raises(LostClaim):
        await events.text("Two. ")
    with pytest.raises(LostClaim):
        await events.tool_call("refund", "started")


@pytest.mark.parametrize("failure", [StoreUnavailable("away"), RuntimeError("nobody expected this")])
async def test_what_cannot_be_shown_does_not_harm_the_answer(state: TurnState, failure: Exception) -> None:
    screen = Screen()
    screen.failures = [failure]
    events = ProvisionalEvents(screen, state, "t:1")
    await events.text("One. ")
    await screen.begun.wait()
    await events.text("Two. ")
    await events.close()
    assert screen.done == 1


async def test_nothing_is_shown_where_somebody_else_speaks_by_now(store: SqlStore, state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", still_held=store.still_held)
    await events.text("The agent ")
    await eventually(lambda: screen.done == 1)
    claimed = Transition(OwnershipEvent.CLAIM, owner="grace")
    await change_owner(store, state.conversation.id, claimed)
    await events.text("goes on.")
    await events.close()
    assert screen.texts == ["The agent "]
    with pytest.raises(LostClaim):
        await events.text("And on.")


async def test_a_slow_platform_is_asked_about_seldom_and_told_everything(store: SqlStore, state: TurnState) -> None:
    """Each write costs a look at who has the conversation, so there is none that the platform would not take anyway."""
    screen = Screen()
    looked: list[int] = []

    async def still_held(claim: Claim) -> None:
        looked.append(claim.epoch)
        await store.still_held(claim)

    events = ProvisionalEvents(screen, state, "t:1", still_held=still_held, every=60.0)
    await events.text("The first words at once. ")
    await eventually(lambda: screen.done == 1)
    for number in range(3):
        await events.text(f"{number} ")
        await asyncio.sleep(0.06)
    assert len(looked) == len(screen.writes) == 1
    await events.close()
    assert len(looked) == len(screen.writes) == 2
    assert screen.texts == ["The first words at once. ", "0 ", "1 ", "2 "]


async def test_an_answer_that_is_ready_soon_is_sent_once(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", after=60.0)
    await events.typing()
    await events.text("One. ")
    await events.close()
    assert screen.writes == []


async def test_an_answer_that_takes_longer_is_shown_while_it_is_written(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", after=0.1)
    await events.text("One. ")
    await eventually(lambda: screen.done == 1)
    await events.text("Two. ")
    await events.close()
    assert screen.texts == ["One. ", "Two. "]


async def test_what_is_withdrawn_does_not_stand_there_until_the_platform_may_be_written_to(state: TurnState) -> None:
    screen = Screen()
    events = ProvisionalEvents(screen, state, "t:1", every=60.0)
    await events.text("One. ")
    await eventually(lambda: screen.done == 1)
    await events.text("Two. ")
    await events.discard()
    await eventually(lambda: screen.kinds == ["text", "discard"])
    await events.text("Better. ")
    await events.close()
    assert screen.texts == ["One. ", "Better. "]
