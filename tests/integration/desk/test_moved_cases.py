"""Open cases go on at another desk: each is shown there once, with what was said, and waits for anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.desk.moving import move_cases
from config.processes.election import Election
from config.settings import Settings
from core.domain.case import Case, feed
from core.domain.conversation import OwnershipEvent
from core.domain.messages import Author, CustomerAction, Message, MessageKind, StaffAction
from core.domain.timers import TimerKind
from core.ports.outcomes import CrossConversationWrite, NewMessage, Transition
from core.storage.migrate import migrate
from handoff import posts
from handoff.posts import POST, WITH_CARD
from handoff.waits.moved_cases import MovedCases
from tests.contract.stores.sayings import change_owner
from tests.property.desk_world import HOME, DeskWorld, FakeDeskChannel

_CASE = Case.named(HOME.conversation_id, 1)
_MAIL, _OTHER = "mail team@acme.example", "mail desk@acme.example"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DeskWorld]:
    """Ada waits for a person at the desk of the account "main"."""
    asyncio.run(migrate(f"sqlite:///{tmp_path / 'template.db'}"))
    world = DeskWorld(tmp_path / "template.db")
    try:
        _says(world, "My parcel is lost")
        _says(world, "A person, please", CustomerAction.REQUEST_PERSON)
        yield world
    finally:
        world.close()


def _says(world: DeskWorld, text: str, action: CustomerAction | None = None) -> None:
    world.accept(world.customer_says(text, f"c{world.number()}", action))
    world.settle_down()


def _moved(world: DeskWorld, account: str | None) -> int:
    done: int = world.do(MovedCases(world.store, account, world.settings, world.clock).move())
    return done


def _moved_posts(world: DeskWorld, account: str) -> list[Message]:
    return list(world.do(world.store.messages(feed(account, _CASE).conversation_id)))


def _ticket(world: DeskWorld) -> Any:
    return _moved_posts(world, "main")[0].meta["facts"]["ticket"]


def _claimed(world: DeskWorld) -> None:
    world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.CLAIM))
    world.settle_down()
    assert world.conversation_state() == "staff"


def test_a_case_is_shown_at_each_new_desk_once(world: DeskWorld) -> None:
    _says(world, "It was a gift.")
    assert _moved(world, "main") == 0, "where it is already"
    for account in (_MAIL, _OTHER):
        assert _moved(world, account) == 1
        assert _moved(world, account) == 0
        card, *below = _moved_posts(world, account)
        assert card.meta[POST] == "card"
        assert (card.meta["facts"]["case"], card.meta["facts"]["ticket"]) == (_CASE, _ticket(world))
        assert all(one.meta[WITH_CARD] for one in below)
        shown = [line["text"] for one in below for line in one.meta.get("lines", ())]
        assert [text for text in shown if text in ("My parcel is lost", "It was a gift.")] == [
            "My parcel is lost",
            "It was a gift.",
        ]
    assert world.conversation_state() == "queued"


def test_a_case_that_comes_back_goes_on_in_its_thread_with_what_was_said_elsewhere(world: DeskWorld) -> None:
    _moved(world, "main")
    world.pass_time(1.0)
    _moved(world, _MAIL)
    world.pass_time(1.0)
    world.do(world.store.remember("desk", "", "desk", _MAIL))
    before = len(_moved_posts(world, "main"))
    assert _moved(world, "main") == 1
    told = _moved_posts(world, "main")[before:]
    assert [one.meta[POST] for one in told] == ["card_now", "reminder", "transcript"]
    assert "My parcel is lost" in [line["text"] for line in told[-1].meta["lines"]]


def test_what_was_moved_before_a_crash_is_not_moved_again(world: DeskWorld) -> None:
    _moved(world, "main")
    world.pass_time(1.0)
    assert _moved(world, _MAIL) == 1
    world.do(world.store.remember("desk", "", "desk", "main"))
    assert _moved(world, _MAIL) == 0


def test_what_was_said_while_there_was_no_desk_is_shown_when_it_is_back(world: DeskWorld) -> None:
    _moved(world, "main")
    assert _moved(world, None) == 0
    world.pass_time(1.0)
    _says(world, "Anybody?")
    world.do(world.store.remember("desk", "", "desk", ""))
    world.pass_time(1.0)
    world.do(
        world.store.decide([CrossConversationWrite(HOME, (NewMessage(Author.AGENT, "I am.", MessageKind.ANSWER),))], ())
    )
    assert _moved(world, "main") == 1


@pytest.mark.parametrize("account", [_MAIL, None])
def test_what_staff_owned_waits_for_anybody_and_the_customer_is_told_nothing(
    world: DeskWorld, account: str | None
) -> None:
    _claimed(world)
    told = len(world.told_customer())
    assert _moved(world, account) == 1
    assert _moved(world, account) == 0
    assert world.conversation_state() == "queued"
    assert len(world.told_customer()) == told
    (listed,) = world.do(world.store.who_waits(10))
    assert listed.id == _CASE


def test_timers_of_the_earlier_desk_are_set_anew(world: DeskWorld) -> None:
    _claimed(world)
    _moved(world, _MAIL)
    kinds = {one.kind for one in world.do(world.store.timers(_CASE))}
    assert TimerKind.OWNER_SILENT not in kinds
    assert TimerKind.UNCLAIMED in kinds


def test_a_case_that_is_closed_stays_where_it_is_until_it_is_opened_again(
    world: DeskWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    _claimed(world)
    world.accept(world.staff_does(world.threads[0], "grace", "", StaffAction.RESOLVE))
    world.settle_down()
    assert _moved(world, _MAIL) == 0
    monkeypatch.setattr(FakeDeskChannel, "account", _MAIL)
    _says(world, "It is still not here, where is the parcel?")
    told = _moved_posts(world, _MAIL)
    assert (told[0].meta[POST], told[0].meta["facts"]["ticket"]) == ("card", _ticket(world))
    said = [one.text for one in told if one.meta[POST] == "said" and one.author == "customer"]
    assert said == ["It is still not here, where is the parcel?"]
    assert world.conversation_state() == "queued"


class _HeldByDead:
    """Implements Leases: a process that was killed holds each name at the first try."""

    def __init__(self) -> None:
        self.tries = 0
        self.given_back: list[str] = []

    async def hold(self, name: str, holder: str, seconds: float) -> bool:
        """See Leases.hold."""
        self.tries += 1
        return self.tries > 1

    async def let_go(self, name: str, holder: str) -> None:
        """See Leases.let_go."""
        self.given_back.append(name)


def _start_hub(world: DeskWorld, leases: _HeldByDead) -> None:
    settings = Settings(slack_staff_channel="C0123456789", slack_bot_token="xoxb-1")
    world.do(move_cases(settings, world.settings, world.store, world.clock, Election(leases, "successor")))


def test_a_process_that_was_killed_while_it_moved_cases_is_replaced(world: DeskWorld) -> None:
    leases = _HeldByDead()
    _start_hub(world, leases)
    assert _moved_posts(world, "default")[0].meta[POST] == "card"
    assert leases.given_back == ["moved cases"]


def test_a_start_without_a_change_of_the_desk_waits_for_no_other(world: DeskWorld) -> None:
    _moved(world, "default")
    leases = _HeldByDead()
    _start_hub(world, leases)
    assert leases.tries == 0


def test_what_moved_meanwhile_is_not_moved(world: DeskWorld) -> None:
    moving = MovedCases(_Late(world), _MAIL, world.settings, world.clock)  # type: ignore[arg-type]
    assert world.do(moving.move()) == 0
    assert not _moved_posts(world, _MAIL)
    assert _moved(world, _OTHER) == 1


class _Late:
    """The store, in which a colleague claims the case while it is being moved."""

    def __init__(self, world: DeskWorld) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.store, name)

    async def ticket_number_for(self, case_id: str) -> str:
        """At the last read."""
        await change_owner(self._world.store, HOME.conversation_id, Transition(OwnershipEvent.CLAIM, owner="grace"))
        number: str = await self._world.store.ticket_number_for(case_id)
        return number


def test_a_card_is_found_behind_what_staff_were_told_before_it(world: DeskWorld) -> None:
    early = CrossConversationWrite(feed(_MAIL, _CASE), (posts.remark("Somebody answered by mail."),))
    assert world.do(world.store.decide([early], ()))
    card = _moved_posts(world, "main")[0]
    late = CrossConversationWrite(
        feed(_MAIL, _CASE), (NewMessage(card.author, card.text, MessageKind.NOTICE, meta=card.meta),)
    )
    assert world.do(world.store.card(_MAIL, _CASE)) == {}
    assert world.do(world.store.decide([late], ()))
    assert world.do(world.store.card(_MAIL, _CASE)).items() >= card.meta["facts"].items()


@pytest.mark.parametrize("press", [StaffAction.CLAIM, StaffAction.SNOOZE])
def test_somebody_is_looked_for_anew_at_the_new_desk(world: DeskWorld, press: StaffAction) -> None:
    """A snooze, and a claim, had ended the look for an assignee."""
    world.accept(world.staff_does(world.threads[0], "grace", "hour", press))
    world.settle_down()
    settings = replace(world.settings, assign=("round_robin",))
    assert world.do(MovedCases(world.store, _MAIL, settings, world.clock).move()) == 1
    kinds = world.waits(_CASE)
    assert TimerKind.ASSIGN in kinds
    assert TimerKind.SNOOZED not in kinds
