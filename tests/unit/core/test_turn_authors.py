"""Where several people write, a turn answers the one who wrote: what another asked for, or was told, is not theirs to use."""

from __future__ import annotations

from typing import Any

import pytest

from core.domain.conversation import OwnershipEvent
from core.domain.customer import ContactDetails
from core.domain.messages import ANSWERS_TO, SHARED, CustomerAction, MessageKind
from core.ports.desk import ASKS_RATING
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnOutcome, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from tests.contract.stores.sayings import accept, answer, claim_one, customer, finish, said
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import Echo, NotedDesk, reply, sorry

ADA = customer("ada", display_name="Ada", verified=True)
BOB = customer("bob", display_name="Bob", verified=True)
NEVER_MIND = "Never mind, I don't need a person any more."


class Room:
    """One conversation in which two people write."""

    def __init__(self, store: SqlStore, metrics: CountedMetrics) -> None:
        self._store = store
        self.remembered: list[str] = []
        self.desk = NotedDesk()
        self.turn = Turn(Echo(self._respond), self.desk, {}, metrics, sorry)
        self._count = 0

    async def _respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        self.remembered = [message.text for message in turn.history]
        return reply(f"to {turn.pending[-1].text}")

    async def says(self, who: Any, text: str, *, shared: bool = True, **fields: Any) -> TurnOutcome:
        """What becomes of it, committed."""
        self._count += 1
        spoken = {"addressed": True, **fields} if shared else fields
        await accept(self._store, said(f"e{self._count}", text, who=who, shared=shared, **spoken))
        state = await claim_one(self._store)
        outcome = await self.turn.run(state)
        assert (await self._store.finish([outcome]))[0].held
        return outcome


async def test_an_answer_says_whom_it_is_for(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    first, second = await room.says(ADA, "One"), await room.says(BOB, "Two")
    assert [one.messages[0].meta[ANSWERS_TO] for one in (first, second)] == ["ada", "bob"]
    assert [SHARED in one.messages[0].meta for one in (first, second)] == [True, True]
    assert first.customer_id != second.customer_id


async def test_a_wish_for_a_person_is_taken_back_by_nobody_else(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "Hello")
    asked = await room.says(BOB, "A person, please", action=CustomerAction.REQUEST_PERSON)
    assert asked.transition is not None
    others = await room.says(ADA, NEVER_MIND)
    assert others.transition is None
    assert room.desk.relayed == [NEVER_MIND]
    taken_back = await room.says(BOB, NEVER_MIND)
    assert taken_back.transition is not None
    assert taken_back.transition.event is OwnershipEvent.WITHDRAW


async def test_a_remark_to_somebody_else_takes_back_nothing(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "Hello")
    await room.says(BOB, "A person, please", action=CustomerAction.REQUEST_PERSON)
    assert (await room.says(BOB, NEVER_MIND, addressed=False)).transition is None
    await room.says(ADA, "Shall I look for the number?", addressed=None)
    assert (await room.says(BOB, "Never mind", addressed=None)).transition is None
    assert (await room.says(BOB, NEVER_MIND, addressed=None)).transition is not None


async def test_what_answers_the_notice_takes_it_back(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "Hello")
    await room.says(BOB, "A person, please", action=CustomerAction.REQUEST_PERSON)
    assert (await room.says(BOB, "Found it, thanks", addressed=None)).transition is not None


async def test_a_wait_that_was_not_announced_is_not_theirs_to_end(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "A person, please", action=CustomerAction.REQUEST_PERSON)
    await room.says(ADA, NEVER_MIND)
    state = await _claimed_again(store, room)
    assert await finish(store, state, event=OwnershipEvent.ESCALATE)
    assert (await room.says(ADA, NEVER_MIND)).transition is None


async def test_a_case_is_rated_by_nobody_else(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "A person, please", action=CustomerAction.REQUEST_PERSON)
    state = await _claimed_again(store, room)
    assert await finish(store, state, answer("How was it?", meta={ASKS_RATING: True}), event=OwnershipEvent.WITHDRAW)
    assert (await room.says(BOB, "5")).messages[0].text == "to 5"


async def test_the_one_who_was_asked_rates_it(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "A person, please", action=CustomerAction.REQUEST_PERSON)
    state = await _claimed_again(store, room)
    assert await finish(store, state, answer("How was it?", meta={ASKS_RATING: True}), event=OwnershipEvent.WITHDRAW)
    assert (await room.says(ADA, "5")).messages[0].text == "Thanks."


async def _claimed_again(store: SqlStore, room: Room) -> TurnState:
    await accept(store, said("again", "still there?", who=ADA, shared=True))
    return await claim_one(store)


async def test_what_was_written_in_private_is_remembered_for_its_author_alone(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    """As in a mail thread in which somebody was copied in later."""
    room = Room(store, metrics)
    await room.says(ADA, "private", shared=False)
    await room.says(ADA, "shared")
    assert room.remembered == []
    await room.says(BOB, "what did she say?")
    assert room.remembered == ["shared"]
    await room.says(ADA, "private again", shared=False)
    assert room.remembered == ["private", "to private", "shared", "to shared", "what did she say?"]


async def test_in_a_group_everybody_has_read_everything(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "one")
    await room.says(BOB, "two")
    assert room.remembered == ["one", "to one"]


async def test_nobody_begins_anew_for_another(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "one")
    await room.says(BOB, "/new", action=CustomerAction.START_OVER)
    await room.says(ADA, "two")
    assert room.remembered[0] == "one"


async def test_contact_details_are_those_of_whoever_left_them(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await room.says(ADA, "A person, please", action=CustomerAction.REQUEST_PERSON)
    outcome = await room.says(BOB, "bob@example.com")
    assert outcome.contact == ContactDetails(email="bob@example.com")
    first = await store.customer(outcome.claim.conversation_id)
    assert first is not None
    assert (first.display_name, first.contact) == ("Ada", ContactDetails())


async def test_a_colleague_is_not_answered_and_the_agent_knows_what_they_said(
    store: SqlStore, metrics: CountedMetrics
) -> None:
    room, grace = Room(store, metrics), customer("grace", display_name="Grace", verified=True)
    await room.says(ADA, "It is broken")
    silent = await room.says(grace, "A person, please: which browser is it?", by_staff=True)
    assert (silent.messages, silent.transition, silent.cross_writes) == ((), None, ())
    answered = await room.says(ADA, "Firefox")
    assert [one.text for one in answered.messages] == ["to Firefox"]
    assert room.remembered[-1] == "A person, please: which browser is it?"


@pytest.mark.parametrize("unasked", [{"text": "ok, will try"}, {"text": "5", "action": CustomerAction.RATE}])
async def test_nobody_hears_that_what_asked_for_no_answer_failed(
    store: SqlStore, metrics: CountedMetrics, unasked: dict[str, Any]
) -> None:
    room = Room(store, metrics)
    await room.says(BOB, "Hello")
    await room.says(ADA, "It is broken")
    await accept(store, said("remark", who=ADA, shared=True, **unasked))
    given_up = await room.turn.give_up(await claim_one(store))
    assert (given_up.handled_seq, given_up.messages, given_up.transition) == (5, (), None)
    assert (await store.finish([given_up]))[0].held
    await accept(store, said("question", "How do I export my data?", who=ADA, shared=True))
    assert [one.kind for one in (await room.turn.give_up(await claim_one(store))).messages] == [MessageKind.FAILURE]


async def test_what_was_asked_before_a_press_is_said_to_have_failed(store: SqlStore, metrics: CountedMetrics) -> None:
    room = Room(store, metrics)
    await accept(store, said("e1", "Where is my order?"), said("e2", "5", action=CustomerAction.RATE))
    given_up = await room.turn.give_up(await claim_one(store))
    assert (given_up.handled_seq, [one.kind for one in given_up.messages]) == (1, [MessageKind.FAILURE])
