"""What becomes of what staff do in a case's thread, over a real store: who hears it, who does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.domain.conversation import OwnershipState
from core.domain.messages import Author, CustomerAction, MessageEdited, MessageReceived, StaffAction
from core.storage.migrate import migrate
from tests.property.desk_world import HOME, UNDO, DeskWorld


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("desk") / "template.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


class Case:
    """A customer who asked for a person, and what everybody does next; ``rest`` lets the hub work it off."""

    def __init__(self, world: DeskWorld) -> None:
        self.world = world
        world.accept(world.customer_says("A person, please", "c0", CustomerAction.REQUEST_PERSON))
        self.rest()

    def rest(self) -> None:
        self.world.settle_down()

    def press(self, action: StaffAction, user: str = "grace", case: int = 0) -> None:
        self.world.accept(self.world.staff_does(self.world.threads[case], user, "", action))
        self.rest()

    def write(self, text: str, user: str = "grace", case: int = 0) -> MessageReceived:
        event = self.world.staff_does(self.world.threads[case], user, text)
        self.world.accept(event)
        return event

    def edit(self, event: MessageReceived, text: str) -> None:
        key = self.world.staff_does(self.world.threads[0], "x", "").key
        self.world.accept(
            MessageEdited(key, event.conversation, event.key, text, self.world.clock.now(), event.audience)
        )

    def heard(self) -> list[str]:
        """By the customer, from staff, and not taken back."""
        sent = self.world.sent_texts()
        return [text for author, text in sent if author is Author.STAFF]

    def card(self, case: int = 1) -> str:
        """Whose it is, as the newest card says."""
        cards = [one for one in self.world.told_staff(f"{HOME.conversation_id}.{case}") if "facts" in one.meta]
        return str(cards[-1].meta["facts"]["state"])

    def remarks(self, case: int = 1) -> list[str]:
        told = self.world.told_staff(f"{HOME.conversation_id}.{case}")
        return [one.text for one in told if one.meta.get("post") == "remark"]


@pytest.fixture
def case(template: Path) -> Iterator[Case]:
    world = DeskWorld(template)
    try:
        yield Case(world)
    finally:
        world.close()


def test_a_case_that_comes_back_can_be_claimed_again(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    assert case.card() == "resolved"
    case.world.accept(case.world.customer_says("It still does not work", "c1"))
    case.world.work_once()
    assert case.card() == "queued"
    case.press(StaffAction.CLAIM, "linus")
    assert case.card() == "staff"
    case.write("I am here", "linus")
    case.rest()
    assert case.heard() == ["I am here"]


def test_the_agent_answers_whoever_comes_back_with_a_question_and_the_case_stays_closed(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    case.world.accept(case.world.customer_says("My printer is blue", "c1"))
    case.world.accept(case.world.customer_says("Never mind, I don't need a person any more. Where is my order?", "c2"))
    case.rest()
    assert case.world.conversation_state() is OwnershipState.BOT
    assert case.card() == "resolved"
    assert not [one for one in case.world.told_staff(f"{HOME.conversation_id}.1") if "printer" in one.text]
    assert [author for author, _ in case.world.sent_texts()][-1] is Author.AGENT


def test_the_sign_of_a_note_that_is_added_in_time_keeps_it_inside(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("he is a fraud")
    case.world.work_once()
    case.edit(said, "// he is a fraud")
    case.rest()
    assert case.heard() == []
    assert "Taken back before it was sent." in case.remarks()


def test_the_sign_that_comes_too_late_does_not_send_the_note_as_a_correction(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("he is a fraud")
    case.rest()
    case.edit(said, "// he is a fraud")
    case.rest()
    assert case.heard() == ["he is a fraud", "Please disregard my last message; it was sent by mistake."]


def test_a_note_that_is_edited_into_a_message_stays_inside(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    note = case.write("// careful")
    case.rest()
    case.edit(note, "careful")
    case.rest()
    assert case.heard() == []
    assert any("stays inside as before" in one for one in case.remarks())


def test_the_thread_of_an_old_case_is_only_talk(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.HAND_BACK)
    case.world.accept(case.world.customer_says("A person again", "c1", CustomerAction.REQUEST_PERSON))
    case.rest()
    case.press(StaffAction.CLAIM, case=1)
    case.write("Into the old thread", case=0)
    case.press(StaffAction.RESOLVE, case=0)
    assert case.heard() == []
    assert case.world.conversation_state() is OwnershipState.STAFF
    assert any("case is closed" in one for one in case.remarks(1))
    case.write("Into the new one", case=1)
    case.rest()
    assert case.heard() == ["Into the new one"]


def test_somebody_else_takes_over_and_the_former_owner_goes_unheard(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    mine = case.write("Hello from Grace")
    case.rest()
    case.press(StaffAction.TAKE_OVER, "linus")
    case.write("Still me", "grace")
    case.edit(mine, "Hello from nobody")
    case.write("Hello from Linus", "linus")
    case.rest()
    assert case.heard() == ["Hello from Grace", "Hello from Linus"]


def test_of_several_edits_the_last_one_counts(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("10 euros")
    case.rest()
    case.edit(said, "11 euros")
    case.edit(said, "12 euros")
    case.rest()
    assert case.heard() == ["10 euros", "Correction: 12 euros"]


def test_who_takes_the_wish_back_has_a_card_without_a_claim(case: Case) -> None:
    case.world.accept(case.world.customer_says("never mind, I don't need a person", "c1"))
    case.rest()
    assert case.world.conversation_state() is OwnershipState.BOT
    assert case.card() == "bot"


def test_staff_have_a_while_to_take_it_back(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    case.write("Soon")
    case.world.work_once()
    assert case.heard() == []
    case.world.pass_time(UNDO + 0.1)
    case.world.work_once()
    assert case.heard() == ["Soon"]


def test_a_wish_that_was_written_while_somebody_resolved_is_a_new_case(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    world = case.world
    world.accept(world.customer_says("I need you still", "c1", CustomerAction.REQUEST_PERSON))
    world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.RESOLVE))
    for state in world.claim():
        if state.conversation.key != HOME:
            decided = world.decide(state)
            assert decided is not None
            assert world.commit(decided)
    assert world.conversation_state() is OwnershipState.RESOLVED
    case.rest()
    assert world.conversation_state() is OwnershipState.QUEUED
    assert case.card(2) == "queued"


def test_what_is_edited_before_it_was_looked_at_goes_out_once_and_nothing_untrue_is_said(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("Hallo")
    case.edit(said, "Hello")
    case.rest()
    assert case.heard() == ["Hello"]
    assert not any("stays inside" in one for one in case.remarks())


def test_who_edits_too_late_and_has_the_case_no_more_is_not_told_that_it_is_closed(case: Case) -> None:
    case.press(StaffAction.CLAIM)
    said = case.write("Hello")
    case.rest()
    case.press(StaffAction.TAKE_OVER, "linus")
    case.edit(said, "Goodbye")
    case.rest()
    assert case.heard() == ["Hello"]
    assert any("you do not have this conversation any more" in one for one in case.remarks())


def test_what_the_customer_edits_while_they_come_back_is_shown_as_well(case: Case) -> None:
    said = case.world.customer_says("My order is AB-12", "edited")
    case.world.accept(said)
    case.rest()
    case.press(StaffAction.CLAIM)
    case.press(StaffAction.RESOLVE)
    case.world.accept(case.world.customer_says("It is still not here", "back"))
    case.world.accept(case.world.customer_changes(said, "My order is AB-13"))
    case.rest()
    told = [one for one in case.world.told_staff(f"{HOME.conversation_id}.1") if one.author is Author.CUSTOMER]
    assert [(one.meta["post"], one.text) for one in told][-2:] == [
        ("said", "It is still not here"),
        ("edited", "My order is AB-13"),
    ]


def test_very_much_at_once_is_a_few_posts_and_a_line_that_says_so(case: Case) -> None:
    for number in range(90):
        case.world.accept(case.world.customer_says(f"flood {number}", f"f{number}"))
    case.rest()
    told = case.world.told_staff(f"{HOME.conversation_id}.1")
    shown = [one.text for one in told if one.text.startswith("flood")]
    assert shown == [f"flood {number}" for number in range(60)]
    (line,) = [text for text in case.remarks() if "History" in text]
    assert "30" in line
