"""Staff ask the agent in a case's thread: it answers there and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.case import Case
from core.domain.keys import EventKey
from core.domain.messages import (
    Author,
    Citation,
    CustomerAction,
    Message,
    MessageEdited,
    MessageKind,
    MessageReceived,
    StaffAction,
)
from core.ports.responder import Reply, TurnEvents
from core.ports.store import TurnState
from core.storage.migrate import migrate
from tests.property.desk_world import HOME, DeskWorld

POLICY = Citation(
    "p1", "Refunds", "Refunds take 5 days.", "refunds.md", 0.9, section="How long", url="https://x.example/r"
)


class Colleague:
    """Implements Responder over a few facts; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.turn_ids: list[str] = []
        self.before: list[str] = []
        self.failing = False

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        assert all(message.author is Author.CUSTOMER for message in turn.pending)
        self.asked += [message.text for message in turn.pending]
        self.before = [message.text for message in turn.history]
        self.turn_ids.append(turn_id)
        if self.failing:
            return Reply("Sorry", MessageKind.FAILURE)
        if "refund" in self.asked[-1]:
            await events.text("Refunds")
            return Reply("Refunds take 5 days [1].", MessageKind.ANSWER, (POLICY,), 0.9)
        return Reply("I do not know. Would you like a person?", MessageKind.UNKNOWN, offers_person=True)


class Asked:
    """A customer with a case, and colleagues who ask."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        world.accept(world.customer_says("A person, please", "c0", CustomerAction.REQUEST_PERSON))
        world.settle_down()

    def ask(self, text: str, user: str = "grace") -> MessageReceived:
        event = self.world.staff_does(self.world.threads[0], user, text, StaffAction.ASK)
        event = replace(event, conversation=replace(event.conversation, thread=f"{event.conversation.thread}/agent"))
        self.world.accept(event)
        return event

    def press(self, action: StaffAction, user: str = "grace") -> None:
        self.world.accept(self.world.staff_does(self.world.threads[0], user, "", action))
        self.world.settle_down()

    def told(self, post: str) -> list[Message]:
        feed = self.world.told_staff(f"{HOME.conversation_id}.1")
        return [message for message in feed if message.meta.get("post") == post]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("asking") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def colleague() -> Colleague:
    return Colleague()


@pytest.fixture
def case(template: Path, colleague: Colleague) -> Iterator[Asked]:
    world = DeskWorld(template, agent=colleague)
    try:
        yield Asked(world)
    finally:
        world.close()


def test_the_answer_stands_in_the_thread_with_its_source(case: Asked) -> None:
    case.ask("what is our refund policy?", "linus")
    case.world.settle_down()
    (answer,) = case.told("advice")
    assert answer.text == "Refunds take 5 days [1]."
    assert answer.meta["question"] == "what is our refund policy?"
    assert answer.meta["asked_by"] == "linus"
    assert answer.meta["sources"] == [{"place": "Refunds › How long › refunds.md", "url": "https://x.example/r"}]


@pytest.mark.parametrize("claimed", [False, True])
def test_the_customer_reads_neither_question_nor_answer(case: Asked, claimed: bool) -> None:
    if claimed:
        case.press(StaffAction.CLAIM)
    before = len(case.world.told_customer())
    case.ask("what is our refund policy?")
    case.world.settle_down()
    assert len(case.told("advice")) == 1
    assert len(case.world.told_customer()) == before


def test_what_is_not_known_and_what_fails_is_said_inside_in_the_desk_s_own_words(
    case: Asked, colleague: Colleague
) -> None:
    case.ask("do we sell bicycles?")
    case.world.settle_down()
    colleague.failing = True
    case.ask("and boats?")
    case.ask("  ")
    case.world.settle_down()
    remarks = [one.text for one in case.told("remark")]
    assert [
        any(words in one for one in remarks) for words in ("do not answer that", "could not answer", "behind the")
    ] == [
        True,
        True,
        True,
    ]
    assert not any("Would you like" in one for one in remarks)


def test_a_question_that_is_decided_twice_is_answered_once(case: Asked, colleague: Colleague) -> None:
    case.ask("what is our refund policy?")
    (state,) = case.world.claim()
    assert case.world.decide(state) is not None  # and killed before the commit
    case.world.settle_down()
    assert len(case.told("advice")) == 1
    assert len(set(colleague.turn_ids)) == 1, "the journal of its tools is found again"


def test_a_question_keeps_nobody_from_claiming(case: Asked) -> None:
    case.ask("what is our refund policy?")
    (question,) = case.world.claim()
    decided = case.world.decide(question)
    case.world.accept(case.world.staff_does(case.world.threads[0], "grace", "", StaffAction.CLAIM))
    case.world.work_once()
    assert decided is not None
    assert case.world.commit(decided), "it is no reason to decide anew that the case has an owner now"
    assert len(case.told("advice")) == 1


def test_an_edited_question_is_asked_anew_and_the_one_before_is_remembered(case: Asked, colleague: Colleague) -> None:
    asked = case.ask("what about refnds?")
    case.world.settle_down()
    key = EventKey("slack", "main", "edit1")
    edited = MessageEdited(
        key, asked.conversation, asked.key, "what about refunds?", case.world.clock.now(), asked.audience
    )
    case.world.accept(edited)
    case.world.settle_down()
    assert len(case.told("advice")) == 1
    case.ask("and for a refund in France?")
    case.world.settle_down()
    assert colleague.before == ["what about refunds?"]


@pytest.mark.parametrize("sign", ["//", "*// ", "\u200b// "])
def test_a_note_to_colleagues_that_names_the_agent_is_no_question(case: Asked, colleague: Colleague, sign: str) -> None:
    case.ask(f"{sign} do not ask about refunds")
    case.world.settle_down()
    assert colleague.asked == []
    assert [one.meta["sign"] for one in case.told("mark")] == ["note"]
    logged = case.world.do(case.world.store.case_log(Case.named(HOME.conversation_id, 1)))
    assert ["do not ask about refunds" in one.text for one in logged if one.what == "note"] == [True]


def test_whoever_asks_whether_it_came_up_before_asks_for_what_the_customer_wrote(
    case: Asked, colleague: Colleague
) -> None:
    world = case.world
    case.ask("have we seen this before?")
    world.settle_down()
    assert colleague.asked == ["have we seen this before?"], "the customer has pressed a button and written nothing"
    world.accept(world.customer_says("My refund did not come", "c1"))
    world.settle_down()
    case.ask("have we seen this before?")
    world.settle_down()
    assert colleague.asked[-1] == "My refund did not come"
    (answer,) = case.told("advice")
    assert answer.meta["question"] == "have we seen this before?", "it stands below what was asked"
    case.ask("what is our refund policy?")
    world.settle_down()
    assert colleague.asked[-1] == "what is our refund policy?"
    case.press(StaffAction.CLAIM)
    world.accept(world.staff_does(world.threads[0], "grace", "It is on its way to you."))
    world.settle_down()
    world.accept(world.customer_says("And my shoes are wet", "c2"))
    world.settle_down()
    case.ask("similar tickets?")
    world.settle_down()
    assert colleague.asked[-1] == "My refund did not come", "what was asked, and not what was said after an answer"
