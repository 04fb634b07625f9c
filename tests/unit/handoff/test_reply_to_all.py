"""In a mail thread a reply of staff's goes to everybody whom the desk showed last, or to whom staff chose."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.capabilities import Capabilities
from core.domain.customer import Identity
from core.domain.messages import ANSWERS_TO, CustomerAction, Message, MessageReceived, StaffAction
from core.domain.readers import READERS, RECIPIENTS, MessageReader, NamedIn
from core.storage.migrate import migrate
from handoff.places import reply_goes_to
from tests.property.desk_world import HOME, DeskWorld

ANN, BOB, CAROL = "ann@customer.example", "bob@customer.example", "carol@other.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    """Ann asked for a person in a mail that Bob got too, and Grace has the case."""
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = DeskWorld(tmp_path / "template.db")
    try:
        mails(world, ANN, "A person, please", BOB, action=CustomerAction.REQUEST_PERSON)
        world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.CLAIM))
        world.settle_down()
        yield world
    finally:
        world.close()


def mails(
    world: DeskWorld, writer: str, text: str, *copied: str, action: CustomerAction | None = None
) -> MessageReceived:
    event = world.customer_says(text, f"c{world.number()}", action)
    who = Identity("web", "main", writer, writer.partition("@")[0].title(), verified=True)
    people = [MessageReader(one, None, NamedIn.CC) for one in copied]
    readers = (MessageReader(writer, who.display_name, NamedIn.FROM), *people) if copied else ()
    event = replace(event, sender=who, shared=bool(copied), answered_alone=True, readers=readers)
    world.accept(event)
    world.settle_down()
    return event


def replies(world: DeskWorld, text: str, action: StaffAction | None = None) -> MessageReceived:
    written = world.staff_does(world.threads[0], "grace", text, action)
    world.accept(written)
    return written


def told(world: DeskWorld) -> Sequence[Message]:
    return [one for one in world.told_customer() if str(one.author) == "staff"]


def recipients(world: DeskWorld) -> list[list[str]]:
    return [[to["address"] for to in one.meta.get(RECIPIENTS, ())] for one in told(world)]


def remarks(world: DeskWorld) -> list[str]:
    feed = world.told_staff(f"{HOME.conversation_id}.1")
    return [one.text for one in feed if one.meta.get("post") == "remark"]


def test_a_reply_goes_to_all_whom_the_desk_showed(world: DeskWorld) -> None:
    mails(world, BOB, "And my order?", ANN, CAROL)
    replies(world, "Both are on their way.")
    world.settle_down()
    assert recipients(world) == [[BOB, ANN, CAROL]]
    said = [one for one in world.told_staff(f"{HOME.conversation_id}.1") if one.meta.get("post") == "said"]
    assert reply_goes_to(said[-1].meta[READERS], "en") == f"A reply goes to Bob <{BOB}>, {ANN}, {CAROL}"


def test_whoever_the_last_writer_left_out_gets_no_reply(world: DeskWorld) -> None:
    mails(world, ANN, "Only Carol need know", CAROL)
    replies(world, "I see.")
    world.settle_down()
    mails(world, ANN, "Between us")
    replies(world, "Of course.")
    world.settle_down()
    assert recipients(world) == [[ANN, CAROL], []], "to the writer alone"


def test_who_is_added_while_a_reply_is_typed_does_not_get_it(world: DeskWorld) -> None:
    replies(world, "Just a moment.")
    world.pass_time(1.0)
    mails(world, ANN, "Carol, please read", CAROL)
    world.settle_down()
    assert recipients(world) == [[ANN, BOB]]


@pytest.mark.parametrize(
    "line",
    [
        f"To: {BOB}, {CAROL}",
        f"to : Bob Miller <{BOB.upper()}>; {CAROL}",
        f"*To:* [{BOB}](mailto:{BOB}), <mailto:{CAROL}|{CAROL}>",
    ],
)
def test_staff_choose_whom_a_reply_goes_to(world: DeskWorld, line: str) -> None:
    mails(world, CAROL, "Hello", ANN)
    mails(world, ANN, "Hello again", BOB)
    replies(world, f"{line}\n\nFor you two.")
    world.settle_down()
    assert recipients(world) == [[BOB, CAROL]]
    assert [one.text for one in told(world)] == ["For you two."]


def test_a_reply_that_is_filled_in_obeys_its_line(world: DeskWorld) -> None:
    replies(world, f"To: {ANN}\nFor you alone.", StaffAction.REPLY)
    world.settle_down()
    assert (recipients(world), [one.text for one in told(world)]) == ([[ANN]], ["For you alone."])


@pytest.mark.parametrize("action", [None, StaffAction.REPLY])
@pytest.mark.parametrize("line", ["To: mallory@evil.example", f"To: {ANN} and {BOB}", f"To: {ANN}, Bob", "To: @"])
def test_a_line_that_names_anybody_else_holds_the_reply_back(
    world: DeskWorld, line: str, action: StaffAction | None
) -> None:
    replies(world, f"{line}\nSecret.", action)
    world.settle_down()
    assert told(world) == []
    assert any("That stays inside: nobody" in one and f"{ANN}, {BOB}" in one for one in remarks(world))


def test_a_note_below_the_line_stays_inside(world: DeskWorld) -> None:
    replies(world, f"To: {ANN}\n// She is difficult.")
    world.settle_down()
    assert told(world) == []


def test_words_that_only_begin_like_the_line_are_words(world: DeskWorld) -> None:
    replies(world, "To: the left of the door.")
    world.settle_down()
    assert [one.text for one in told(world)] == ["To: the left of the door."]


def test_a_line_that_is_edited_in_time_counts(world: DeskWorld) -> None:
    written = replies(world, f"To: {BOB}\nHello")
    world.work_once()
    world.accept(world.staff_changes(written, f"To: {ANN}\nHello there"))
    world.settle_down()
    assert (recipients(world), [one.text for one in told(world)]) == ([[ANN]], ["Hello there"])


def test_a_line_that_is_taken_out_in_time_counts_no_more(world: DeskWorld) -> None:
    mails(world, ANN, "Between us")
    written = replies(world, f"To: {ANN}, {BOB}\nHello")
    world.work_once()
    world.accept(world.staff_changes(written, "Hello"))
    world.settle_down()
    assert recipients(world) == [[]], "to the writer alone"


def test_in_a_mail_of_one_person_the_line_is_obeyed_too(tmp_path: Path) -> None:
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = DeskWorld(tmp_path / "template.db")
    world.channels[HOME.channel] = Capabilities(text_limit=1000, chosen_readers=True)
    try:
        mails(world, ANN, "A person, please", action=CustomerAction.REQUEST_PERSON)
        replies(world, "", StaffAction.CLAIM)
        world.settle_down()
        replies(world, "To: legal@ours.example\nIs she right? I think we owe her money.")
        written = replies(world, f"To: {ANN}\nYou are right.")
        world.settle_down()
        assert [one.text for one in told(world)] == ["You are right."]
        assert any("That stays inside: nobody" in one and ANN in one for one in remarks(world))
        world.accept(world.staff_changes(written, "To: legal@ours.example\nShe is right."))
        world.settle_down()
        assert len(told(world)) == 1
    finally:
        world.close()


@pytest.mark.parametrize("left", [None, "// for me", "Hello there"])
def test_what_takes_a_sent_reply_back_goes_to_whom_it_went(world: DeskWorld, left: str | None) -> None:
    written = replies(world, f"To: {BOB}\nHello")
    world.settle_down()
    mails(world, CAROL, "And me?", ANN, BOB)
    replies(world, "Of course.")
    world.settle_down()
    world.accept(world.staff_changes(written, left))
    world.settle_down()
    assert recipients(world) == [[BOB], [CAROL, ANN, BOB], [BOB]]
    first, _, last = told(world)
    assert (last.meta[ANSWERS_TO], last.customer_id) == (first.meta[ANSWERS_TO], first.customer_id)


def test_notices_about_the_case_go_to_its_customer_alone(world: DeskWorld) -> None:
    notices = [one for one in world.told_customer() if str(one.author) == "system"]
    assert notices
    assert not [one for one in notices if "joined" in one.text and RECIPIENTS in one.meta]
