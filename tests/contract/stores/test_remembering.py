"""Conversations at rest are read by the hub's own loop, and what was said in one is known in the next, on both databases."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from config.processes.remembering import NothingLearner, Remembering
from core.agent.customer_facts import remembered, remembered_message
from core.agent.learning import ModelLearner, RuleLearner
from core.agent.prompting import opening_prompt
from core.agent.settings import AgentSettings
from core.agent.texts import texts_for
from core.agent.tokens import estimate_message
from core.domain.customer import Identity
from core.domain.memory import Fact, FactKind
from core.domain.messages import Author
from core.llm.extractive import ExtractiveResponder
from core.ports.chat_model import ChatMessage
from core.ports.memories import Learned, Unremembered
from core.ports.retention import Expiring
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.responders.world import Docs, ScriptedModel, SteppingClock, Watcher, say
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_memories import ALICE, DAY, REST, fact, holder, known, parts, tell


class Clerk:
    """A learner that notes each order of the customer's, sums up in their number, and may die or wait in the middle."""

    def __init__(self) -> None:
        self.read = 0
        self.broken = False
        self.waits: asyncio.Event | None = None
        self.asked = asyncio.Event()

    async def learn(self, part: Unremembered) -> Learned | None:
        self.asked.set()
        if self.waits is not None:
            await self.waits.wait()
        if self.broken:
            return None
        theirs = [one for one in part.messages if one.author is Author.CUSTOMER]
        self.read += len(theirs)
        facts = [fact(one, one.text, FactKind.FACT, one.text) for one in theirs if "order" in one.text]
        first = part.summary or (theirs[0].text if theirs else "")
        return Learned(facts, summary=f"{first.split(' +')[0]} +{self.read}")


def loop(store: SqlStore, clerk: object) -> Remembering:
    return Remembering(store, clerk, REST)  # type: ignore[arg-type]


async def test_by_rules_a_name_and_a_language_are_known_in_the_next_conversation(
    store: SqlStore, clock: ManualClock
) -> None:
    await tell(store, "e1", "Hi, my name is Alice. Please write to me in German.", who=ALICE)
    clock.move(REST + 1)
    assert await loop(store, RuleLearner()).once() == 1
    again = await tell(store, "e2", "What do you know about me?", where="t2", who=ALICE)
    reply = await ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=store).respond(
        again, "t", Watcher()
    )
    assert "- Alice\n- Deutsch" in reply.text
    short = await tell(store, "e4", "4711?", where="t4", who=ALICE)
    assert texts_for(short, "Acme").language == "de", "in the language that they asked for"
    stranger = await tell(store, "e3", "I am Alice. What do you know about me?", where="t3")
    assert stranger.customer.facts == ()


async def test_switched_off_facts_are_shown_and_forgotten_and_change_no_turn(
    store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await tell(store, "e1", "Hi, my name is Alice. Please write to me in German.", who=ALICE)
    (part,) = await rested(store, clock)
    assert await store.keep_learned(part, replace(await RuleLearner().learn(part), summary="They said who they are."))
    monkeypatch.setattr(store, "remembers", False)

    async def reply(event: str, text: str) -> str:
        state = await tell(store, event, text, who=ALICE)
        assert (state.customer.facts, state.conversation.summary) == ((), None)
        responder = ExtractiveResponder(Docs(), AgentSettings(), SteppingClock(), memories=store)
        return (await responder.respond(state, "t", Watcher())).text

    told = await reply("e2", "What do you know about me?")
    assert "- Alice\n- Deutsch" in told
    assert not told.startswith("Das haben Sie mir"), "the language that they asked for before holds no more"
    await reply("e3", "Please forget everything you know about me")
    assert "Alice" not in await reply("e4", "What do you know about me?")
    await rested(store, clock)
    assert await loop(store, NothingLearner()).once() == 1
    assert await parts(store) == []


async def rested(store: SqlStore, clock: ManualClock) -> list[Unremembered]:
    clock.move(REST + 1)
    return await parts(store)


async def test_the_model_reads_what_is_new_with_what_was_summed_up(store: SqlStore, clock: ManualClock) -> None:
    def answer(text: str, summary: str) -> list[object]:
        found = {"kind": "fact", "subject": "order", "text": text, "importance": 4, "message": 1}
        return list(say(json.dumps({"facts": [found], "summary": summary})))

    model = ScriptedModel(answer("order 4711", "Waits for order 4711."), answer("order 4712", "It is 4712."))
    remembering = loop(store, ModelLearner(model, SteppingClock(), "Tidepool"))
    state = await tell(store, "e1", "My order is order 4711")
    clock.move(REST + 1)
    assert await remembering.once() == 1
    assert await remembering.once() == 0, "nobody is asked again"
    state = await tell(store, "e2", "No, it is order 4712")
    assert state.conversation.summary == "Waits for order 4711."
    clock.move(REST + 1)
    await remembering.once()
    assert await known(store, state) == {"order 4712"}
    shown = json.loads(model.requests[1].messages[1].content)
    assert shown["summary"] == "Waits for order 4711."
    assert "4711" not in json.dumps(shown["messages"])


async def test_two_hundred_turns_fit_into_a_prompt_that_knows_the_first(store: SqlStore, clock: ManualClock) -> None:
    remembering, settings, sizes = loop(store, Clerk()), AgentSettings(), []
    for number in range(200):
        text = "It began with the red parcel" if number == 0 else f"And what about matter {number}? " * 20
        state = await tell(store, f"e{number}", text)
        if number % 10 == 9:
            await remembering.once()
        question = ChatMessage("user", "And now?")
        prompt = opening_prompt(settings, state.history, None, question, known=remembered_message(remembered(state)))
        sizes.append(sum(map(estimate_message, prompt)))
    assert max(sizes) < settings.history_tokens + 2_500
    assert any("red parcel" in one.content for one in prompt)
    assert all("red parcel" not in one.text for one in state.history)


@BOTH_DATABASES
async def test_whatever_is_cut_off_is_read_again_and_kept_once(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My order is 4711")
    clock.move(REST + 1)
    dying = Clerk()
    dying.waits = asyncio.Event()
    killed = asyncio.create_task(loop(store, dying).once())
    await dying.asked.wait()
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    slow = Clerk()
    slow.waits = asyncio.Event()
    late = asyncio.create_task(loop(store, slow).once())
    await slow.asked.wait()
    assert await loop(store, Clerk()).once() == 1
    slow.waits.set()
    assert await late == 0, "another process was faster"
    assert [one.text for one in await store.facts_of(holder(state))] == ["My order is 4711"]


@BOTH_DATABASES
async def test_what_cannot_be_read_now_keeps_nobody_else_waiting(store: SqlStore, clock: ManualClock) -> None:
    for number in range(12):
        await tell(store, f"e{number}", f"My order is {number}", where=f"t{number}")
    clock.move(REST + 1)

    class Picky(Clerk):
        async def learn(self, part: Unremembered) -> Learned | None:
            wanted = any("order is 11" in one.text for one in part.messages)
            return await super().learn(part) if wanted else None

    assert await loop(store, Picky()).once() == 1
    assert len(await store.unremembered(REST, after=None, limit=50)) == 11
    assert await loop(store, Clerk()).once() == 11


@BOTH_DATABASES
async def test_summaries_of_old_conversations_go(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "My order is 4711", who=ALICE)
    clock.move(REST + 1)
    await loop(store, Clerk()).once()
    clock.move(91 * DAY)
    page = await store.remove_expired(Expiring.SUMMARIES, 90 * DAY, after=None, limit=10)
    assert page.removed == 1
    assert (await tell(store, "e2", who=ALICE)).conversation.summary is None


async def test_a_summary_is_for_its_customer_alone(store: SqlStore, clock: ManualClock) -> None:
    mail = Identity("web", "main", "alice@example.com", verified=True)
    await tell(store, "e1", "My order is 4711", who=mail)
    clock.move(REST + 1)
    await loop(store, Clerk()).once()
    assert (await tell(store, "e2", who=mail)).conversation.summary is not None
    forged = await tell(store, "e3", "And?", who=replace(mail, verified=False))
    assert forged.conversation.summary is None
    with_others = await tell(store, "e4", "And?", who=mail, shared=True)
    assert with_others.conversation.summary is None
    assert with_others.customer.facts == ()


async def test_facts_that_mattered_are_used(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    clock.move(REST + 1)
    await loop(store, RuleLearner()).once()

    def used(facts: Sequence[Fact]) -> list[float]:
        return [one.used_at.timestamp() for one in facts]

    before = used(await store.facts_of(holder(state)))
    clock.move(DAY)
    await tell(store, "e2", "Hello again")
    clock.move(REST + 1)
    assert await parts(store) != []
    await loop(store, RuleLearner()).once()
    assert used(await store.facts_of(holder(state))) > before
