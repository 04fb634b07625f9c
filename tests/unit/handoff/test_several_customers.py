"""Where several customers write, staff read who wrote what, and whose a case is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import ANSWERS_TO, Author, CustomerAction, MessageReceived, ReactionChanged, StaffAction
from core.ports.tickets import Holder
from core.storage.migrate import migrate
from tests.property.desk_world import HOME, DeskWorld

ADA, BOB = (Identity("web", "main", name.lower(), name, verified=True) for name in ("Ada", "Bob"))
CASE = f"{HOME.conversation_id}.1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    """Ada wrote first, and Bob asked for a person."""
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = DeskWorld(tmp_path / "template.db")
    try:
        says(world, ADA, "Hello")
        says(world, BOB, "A person, please", CustomerAction.REQUEST_PERSON)
        yield world
    finally:
        world.close()


def says(world: DeskWorld, who: Identity, text: str, action: CustomerAction | None = None) -> MessageReceived:
    event = replace(world.customer_says(text, f"c{world.number()}", action), sender=who, shared=True)
    world.accept(event)
    world.settle_down()
    return event


def shown(world: DeskWorld, post: str) -> list[tuple[str | None, str]]:
    return [(one.author_name, one.text) for one in world.told_staff(CASE) if one.meta.get("post") == post]


def test_the_case_is_whose_wish_it_was(world: DeskWorld) -> None:
    (card,) = [one for one in world.told_staff(CASE) if one.meta.get("post") == "card"]
    assert card.meta["facts"]["customer"] == "Bob"
    bob = world.do(world.store.customer(HOME.conversation_id, CASE))
    ada = world.do(world.store.customer(HOME.conversation_id))
    assert bob is not None
    assert ada is not None
    assert (bob.display_name, ada.display_name) == ("Bob", "Ada")
    tickets = [world.do(world.store.tickets(Holder(one.id, HOME.conversation_id, True), 10)) for one in (ada, bob)]
    assert [len(found) for found in tickets] == [0, 1]


def test_each_message_stands_under_the_name_of_its_author(world: DeskWorld) -> None:
    says(world, ADA, "Me too")
    says(world, BOB, "Thanks")
    assert shown(world, "said")[-2:] == [("Ada", "Me too"), ("Bob", "Thanks")]


def test_a_message_without_a_name_gets_nobody_elses(world: DeskWorld) -> None:
    nameless = replace(ADA, display_name=None)
    before = says(world, nameless, "typo")
    world.accept(world.customer_changes(before, "right"))
    says(world, BOB, "and I")
    assert shown(world, "edited")[-1] == ("Ada", "right"), "as she was called before"
    world.accept(world.customer_changes(before, "better"))
    world.settle_down()
    assert shown(world, "edited")[-1] == ("Ada", "better")


def test_who_reacts_to_anothers_words_is_named(world: DeskWorld) -> None:
    event = says(world, ADA, "Look")
    key = EventKey("web", "main", "r1")
    world.accept(ReactionChanged(key, HOME, event.key, BOB, "👍", True, world.clock.now()))
    world.settle_down()
    assert [name for name, _ in shown(world, "reacted")] == ["Bob"]


def test_a_reaction_is_never_put_down_to_who_wrote_the_message(world: DeskWorld) -> None:
    event = says(world, BOB, "Look")
    for number, who in enumerate((ADA, replace(ADA, display_name=None), replace(BOB, display_name=None))):
        key = EventKey("web", "main", f"r{number}")
        world.accept(ReactionChanged(key, HOME, event.key, who, "👍", True, world.clock.now()))
        world.settle_down()
    assert [name for name, _ in shown(world, "reacted")] == ["Ada", None, None]


def test_nobody_takes_back_anothers_wish(world: DeskWorld) -> None:
    says(world, ADA, "Never mind, I don't need a person any more.")
    assert world.conversation_state() == "queued"
    says(world, BOB, "Never mind, I don't need a person any more.")
    assert world.conversation_state() == "bot"


def test_a_ticket_and_a_card_hold_no_words_of_another(world: DeskWorld) -> None:
    says(world, BOB, "Never mind, I don't need a person any more.")
    says(world, ADA, "My secret is that the printer burns")
    says(world, BOB, "", CustomerAction.REQUEST_PERSON)
    case = f"{HOME.conversation_id}.2"
    told = [one.meta["facts"] for one in world.told_staff(case) if "facts" in one.meta]
    assert told
    assert not [line for facts in told for line in facts.get("summary", ()) if "secret" in line["text"]]
    bob = world.do(world.store.customer(HOME.conversation_id, case))
    assert bob is not None
    found = world.do(world.store.tickets(Holder(bob.id, HOME.conversation_id, True), 10))
    assert len(found) == 2
    assert not [one for one in found if "secret" in one.subject]


def test_by_mail_staff_answer_whom_they_read_last_though_another_writes_before_it_is_sent(tmp_path: Path) -> None:
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = DeskWorld(tmp_path / "template.db")
    try:
        mails(world, ADA, "Hello")
        world.settle_down()
        mails(world, BOB, "A person, please", CustomerAction.REQUEST_PERSON)
        world.settle_down()
        mails(world, ADA, "Anybody?")
        world.settle_down()
        before = len(world.told_customer())
        world.pass_time(31.0)
        for timer in world.due():
            assert world.ring(timer)
        assert [one.meta[ANSWERS_TO] for one in world.told_customer()[before:]] == ["bob"], "that it takes longer"
        mails(world, BOB, "It is about my order")
        world.settle_down()
        world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.CLAIM))
        world.settle_down()
        world.accept(world.staff_does(world.threads[0], "grace", "Bob's order is late."))
        world.pass_time(1.0)
        mails(world, ADA, "Me too")
        world.settle_down()
        told = [one for one in world.do(world.store.messages(HOME.conversation_id)) if one.author is Author.STAFF]
        bob = world.do(world.store.customer(HOME.conversation_id, CASE))
        assert bob is not None
        assert [(one.meta[ANSWERS_TO], one.customer_id) for one in told] == [("bob", bob.id)]
    finally:
        world.close()


def mails(world: DeskWorld, who: Identity, text: str, action: CustomerAction | None = None) -> None:
    event = world.customer_says(text, f"c{world.number()}", action)
    world.accept(replace(event, sender=who, shared=True, answered_alone=True))
