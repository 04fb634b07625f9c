"""Staff edit, delete and mark messages: the customer's copy follows where their channel can, by its owner's hand alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.agent.memory import remember, time_with_staff
from core.domain.alterations import Alteration, Altering, alteration_in
from core.domain.capabilities import Capabilities
from core.domain.case import DESK
from core.domain.case import Case as Opened
from core.domain.delivery import DeliveryStatus
from core.domain.messages import MessageReceived, Receipt, StaffAction
from core.domain.timers import TimerKind
from core.ports.store import Delivery, Settlement
from core.storage.migrate import migrate
from tests.property.desk_world import HOME, DeskWorld
from tests.unit.handoff.test_desk_cases import Case


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("desk") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


CASE = Opened.named(HOME.conversation_id, 1)


class Town(DeskWorld):
    """A channel that names what it took, and can change it, unless it ``refuses``."""

    def __init__(self, template: Path) -> None:
        self.altered: list[tuple[Alteration, str]] = []
        self.refuses = False
        super().__init__(template, channels={HOME.channel: Capabilities(1_000, edit=True, delete=True, reactions=True)})

    def settle(self, delivery: Delivery) -> None:
        done = alteration_in(delivery.message.meta)
        if delivery.message.conversation.channel == DESK:
            super().settle(delivery)
            return
        if done is not None and self.refuses:
            self.refuse(delivery)
            return
        receipt = Receipt()
        if done is None:
            self.sent.append((delivery.message.author, delivery.message.text))
            receipt = Receipt(f"m/{delivery.message.message_id}", tracked=True)
        else:
            self.altered.append((done, delivery.message.text))
        self.do(self.store.settle([Settlement(delivery.id, delivery.token, DeliveryStatus.SENT, (receipt,))]))

    def staff_reacts(self, user: str, emoji: str, shown_at: str, *, present: bool = True) -> None:
        action = StaffAction.REACT if present else StaffAction.UNREACT
        self.accept(replace(self.staff_does(self.threads[0], user, emoji, action), reply_to=shown_at))


class AlteringCase(Case):
    """Of a customer who is there."""

    world: Town


@pytest.fixture
def case(template: Path) -> Iterator[AlteringCase]:
    world = Town(template)
    try:
        found = AlteringCase(world)
        found.press(StaffAction.CLAIM)
        yield found
    finally:
        world.close()


def test_an_edit_changes_the_customers_copy_each_time(case: AlteringCase) -> None:
    said = case.write("It costs 10 euros")
    case.rest()
    for text in ("It costs 12 euros", "It costs 13 euros"):
        case.edit(said, text)
        case.rest()
    assert case.heard() == ["It costs 10 euros"], "nothing new was said"
    assert [(done.how, text) for done, text in case.world.altered] == [
        (Altering.EDIT, "It costs 12 euros"),
        (Altering.EDIT, "It costs 13 euros"),
    ]
    assert len({done.of for done, _ in case.world.altered}) == 1
    assert any("being changed" in one for one in case.remarks())


def test_a_deletion_takes_the_customers_copy_away(case: AlteringCase) -> None:
    said = case.write("Wrong window")
    case.rest()
    _delete(case, said)
    ((done, text),) = case.world.altered
    assert (done.how, text) == (Altering.DELETE, "")
    assert case.heard() == ["Wrong window"]
    assert any("being deleted" in one for one in case.remarks())


def test_what_became_a_note_is_taken_away(case: AlteringCase) -> None:
    said = case.write("He is rude")
    case.rest()
    case.edit(said, "// He is rude")
    case.rest()
    assert [done.how for done, _ in case.world.altered] == [Altering.DELETE]


def _delete(case: AlteringCase, said: MessageReceived) -> None:
    case.world.accept(case.world.staff_changes(said, None))
    case.rest()


def _given_to_the_agent(case: AlteringCase) -> str:
    """When it has the conversation again: the time with staff in short, and what it remembers."""
    case.press(StaffAction.HAND_BACK)
    case.world.accept(case.world.customer_says("So what do I get?", "c9"))
    (state,) = [one for one in case.world.claim() if one.pending and one.conversation.key == HOME]
    found = time_with_staff(state.history)
    assert found is not None
    _, short = found
    return "\n".join(
        [short.content or "", *(one.content or "" for one in remember(state.history, 4_000, per_message=500))]
    )


def test_the_agent_does_not_hold_to_what_the_customer_lost_again(case: AlteringCase) -> None:
    said = case.write("You get the full 500 euros back")
    case.rest()
    _delete(case, said)
    given = _given_to_the_agent(case)
    assert "500" not in given
    assert "Staff wrote nothing to the customer." in given


def test_the_agent_is_not_given_what_became_a_note_after_it_was_sent(case: AlteringCase) -> None:
    said = case.write("He is rude")
    case.rest()
    case.edit(said, "// He is rude")
    case.rest()
    assert "rude" not in _given_to_the_agent(case)


def test_the_agent_knows_what_was_edited_as_the_customer_reads_it(case: AlteringCase) -> None:
    said = case.write("It costs 10 euros")
    case.write("Bye")
    case.rest()
    case.edit(said, "It costs 12 euros")
    case.rest()
    given = _given_to_the_agent(case)
    assert "10 euros" not in given
    assert given.count("12 euros") == 2, "once in short, and once as it was said"
    assert given.index("12 euros") < given.index("Bye"), "in its place"


def test_what_could_not_be_taken_away_the_agent_still_knows(case: AlteringCase) -> None:
    """Telegram deletes nothing that is older than two days: the customer has it, and staff are told."""
    said = case.write("You get the full 500 euros back")
    case.rest()
    case.world.refuses = True
    _delete(case, said)
    assert "500 euros" in _given_to_the_agent(case)


def test_whoever_lost_their_answer_waits_for_one(case: AlteringCase) -> None:
    case.world.accept(case.world.customer_says("What do I get?", "c8"))
    case.rest()
    said = case.write("You get the full 500 euros back")
    case.rest()
    assert TimerKind.OWNER_SILENT not in case.world.waits(CASE)
    _delete(case, said)
    assert TimerKind.OWNER_SILENT in case.world.waits(CASE), "their owner is reminded of them"


def test_who_has_another_answer_does_not_wait_for_one_that_is_deleted(case: AlteringCase) -> None:
    case.world.accept(case.world.customer_says("What do I get?", "c8"))
    case.rest()
    wrong = case.write("You get the full 500 euros back")
    case.rest()
    case.write("You get 50 euros back")
    case.rest()
    _delete(case, wrong)
    assert TimerKind.OWNER_SILENT not in case.world.waits(CASE)


def test_only_the_owners_emoji_reaches_the_customer(case: AlteringCase) -> None:
    world = case.world
    said = world.customer_says("Thank you!", "c9")
    world.accept(said)
    case.rest()
    copies = world.do(world.store.copies([world.told_customer()[-1].id]))
    (copy,) = world.do(world.store.parts(list(copies.values()))).values()
    for user, present in (("linus", True), ("grace", True), ("grace", False)):
        world.staff_reacts(user, "👍", copy[0], present=present)
        case.rest()
    assert [(done.how, done.of, done.emoji, done.present) for done, _ in world.altered] == [
        (Altering.REACT, ("c9",), "👍", True),
        (Altering.REACT, ("c9",), "👍", False),
    ]


def test_an_emoji_on_anything_else_stays_inside(case: AlteringCase) -> None:
    case.world.staff_reacts("grace", "👍", "m/C0STAFF01/1.1")
    case.rest()
    assert case.world.altered == []
