"""Ratings over a real store: taken once, in their time, and nothing that is no rating is lost in them."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipState
from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import CustomerAction, MessageReceived, StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.conftest import BOTH_DATABASES
from tests.integration.desk.office_hours import CASE, HOME, UNKNOWN, OfficeHours

HOURS = 3600.0
SETTINGS = HandoffSettings(rating_seconds=24 * HOURS, reopen_seconds=72 * HOURS)


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    return await resolved(OfficeHours(store, clock, SETTINGS))


async def resolved(office: OfficeHours) -> OfficeHours:
    """A case that Grace has just resolved."""
    await office.escalates()
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    office.agent.reply = UNKNOWN
    return office


async def state(office: OfficeHours) -> OwnershipState:
    return (await office.conversation()).state


async def remarks(office: OfficeHours) -> list[str]:
    return [message.text for message in await office.posts("remark")]


async def test_the_customer_is_asked_with_the_notice(office: OfficeHours) -> None:
    (notice,) = [text for text in await office.reads() if "Grace has closed" in text]
    assert notice.endswith("Reply with a number from 1 (bad) to 5 (very good).")


async def test_a_number_is_the_rating_and_the_next_text_its_comment(office: OfficeHours) -> None:
    await office.customer("4")
    assert await office.store.rating(CASE) == (4, None)
    assert await state(office) is OwnershipState.RESOLVED
    assert await office.store.open_case(HOME.conversation_id) is None
    await office.customer("A bit slow.")
    assert await office.store.rating(CASE) == (4, "A bit slow.")
    assert (await remarks(office))[-2:] == ["The customer gave 4 of 5.", "The customer’s comment: A bit slow."]
    assert [text.split(".")[0] for text in (await office.reads())[-2:]] == [
        "Thank you for your rating",
        "Thank you; our team reads every comment",
    ]
    await office.customer("It broke again.")
    assert await state(office) is OwnershipState.QUEUED
    assert await office.store.open_case(HOME.conversation_id) is not None


async def test_both_at_once(office: OfficeHours) -> None:
    await office.customer("five\nVery kind!")
    assert await office.store.rating(CASE) == (5, "Very kind!")
    assert await state(office) is OwnershipState.RESOLVED


@pytest.mark.parametrize(
    "text",
    ["1234", "Thanks, but it is broken again", "5 more things", "2\nHow do I get my money back?", "2\nIt broke again"],
)
async def test_anything_else_comes_back_to_staff(office: OfficeHours, text: str) -> None:
    await office.customer(text)
    assert await office.store.rating(CASE) is None
    assert await state(office) is OwnershipState.QUEUED
    assert any(text in message.text for message in await office.posts("said"))


@pytest.mark.parametrize(
    "text",
    [
        "Why does it take so long?",
        "I want to talk to a person",
        "It broke again",
        "Thanks, but the export still doesn’t work.",
        "Please send me the invoice",
        "Es ist schon wieder kaputt",
        "Ça ne marche toujours pas.",
        "Se rompió otra vez",
        "تعطل مرة أخرى",
    ],
)
async def test_a_comment_that_asks_for_something_is_no_comment(office: OfficeHours, text: str) -> None:
    await office.customer("1")
    await office.customer(text)
    assert await office.store.rating(CASE) == (1, None)
    assert await state(office) is OwnershipState.QUEUED
    assert await office.store.open_case(HOME.conversation_id) is not None
    assert any(text in message.text for message in await office.posts("said"))
    assert "reads every comment" not in (await office.reads())[-1]


@pytest.mark.parametrize(
    "text",
    [
        "Great, thank you again!",
        "A bit slow, and I had to explain it twice.",
        "Grace was very kind, I would come back",
        "I got what I need. A pleasure!",
        "Besser geht nicht!",
        "Tout est réglé, merci encore",
        "Muy amables, gracias de nuevo",
        "خدمة ممتازة، شكرا مرة أخرى",
    ],
)
async def test_praise_and_blame_open_nothing(office: OfficeHours, text: str) -> None:
    await office.customer("4")
    await office.customer(text)
    assert await office.store.rating(CASE) == (4, text)
    assert await state(office) is OwnershipState.RESOLVED


async def test_a_button_is_no_rating(office: OfficeHours) -> None:
    await office.customer("5", CustomerAction.REQUEST_PERSON)
    assert await office.store.rating(CASE) is None
    assert await state(office) is OwnershipState.QUEUED


async def test_a_late_number_is_kept_and_words_behind_it_are_an_ordinary_message(
    office: OfficeHours, clock: ManualClock
) -> None:
    clock.move(24 * HOURS + 1)
    await office.customer("5")
    assert await office.store.rating(CASE) == (5, None)
    assert await state(office) is OwnershipState.RESOLVED
    assert (await office.reads())[-1] == "Thank you for your rating."
    await office.customer("A bit slow")
    assert await state(office) is OwnershipState.QUEUED


async def test_a_number_after_all_times_comes_to_no_agent(office: OfficeHours, clock: ManualClock) -> None:
    clock.move(80 * HOURS)
    await office.customer("2")  # no agent is asked in this office
    assert await office.store.rating(CASE) == (2, None)
    assert await state(office) is OwnershipState.RESOLVED


@pytest.mark.parametrize("text", ["6", "10", "0", "4.5", "Note 4"])
async def test_a_number_beside_the_scale_is_asked_for_once_more(office: OfficeHours, text: str) -> None:
    await office.customer(text)
    assert await state(office) is OwnershipState.RESOLVED
    assert "whole number from 1" in (await office.reads())[-1]
    assert [said.text for said in await office.posts("said")][-1].endswith(text)
    await office.customer(text)
    assert await state(office) is OwnershipState.RESOLVED
    assert sum("whole number" in said for said in await office.reads()) == 1
    assert await office.store.rating(CASE) is None
    await office.customer("4")
    assert await office.store.rating(CASE) == (4, None)


@pytest.mark.parametrize(
    "text", ["Thanks!", "👍", "merci beaucoup", "Vielen Dank", "sehr gut", "Thank you, Grace!", "شكرا جزيلا", "Gracias"]
)
async def test_thanks_leave_the_case_closed(office: OfficeHours, text: str) -> None:
    before = len(await office.told())
    await office.customer(text)
    assert await state(office) is OwnershipState.RESOLVED
    assert await office.store.open_case(HOME.conversation_id) is None
    (shown,) = (await office.told())[before:]
    assert shown.meta["post"] == "said"
    assert text in shown.text
    assert await office.set() == {}, "nobody is reminded of it"
    welcome = (await office.reads())[-1]
    assert welcome.endswith((".", "!"))
    await office.customer(text)
    assert (await office.reads())[-1] == welcome
    assert len(await office.reads()) == len(set(await office.reads())), "once is enough"
    await office.customer("5")
    assert await office.store.rating(CASE) == (5, None), "they can rate it still"


@pytest.mark.parametrize(
    "text",
    [
        "Thanks for nothing",
        "Na toll!",
        "Thanks 🙄",
        "Thanks. How do I get my money back?",
        "Thanks, but it broke again",
        "no",
    ],
)
async def test_bitter_thanks_and_whatever_comes_with_thanks_open_it(office: OfficeHours, text: str) -> None:
    await office.customer(text)
    assert await state(office) is OwnershipState.QUEUED
    assert any(text in message.text for message in await office.posts("said"))


async def test_thanks_at_any_time_and_behind_everything(office: OfficeHours, clock: ManualClock) -> None:
    for text in ("5", "Very kind of you all", "Thanks again"):
        await office.customer(text)
        assert await state(office) is OwnershipState.RESOLVED
    clock.move(30 * HOURS)
    await office.customer("Danke")
    assert await state(office) is OwnershipState.RESOLVED
    await office.customer("It broke again")
    assert await state(office) is OwnershipState.QUEUED


async def test_thanks_where_no_rating_is_asked_for(store: SqlStore, clock: ManualClock) -> None:
    office = await resolved(OfficeHours(store, clock, HandoffSettings(rating_seconds=0)))
    await office.customer("Thanks!")
    assert await state(office) is OwnershipState.RESOLVED
    assert (await office.reads())[-1] == "You’re welcome! Write again at any time."


async def test_thanks_do_not_make_the_time_to_come_back_longer(office: OfficeHours, clock: ManualClock) -> None:
    clock.move(70 * HOURS)
    await office.customer("Thanks!")
    clock.move(1 * HOURS)
    await office.customer("One more thing")
    assert await state(office) is OwnershipState.QUEUED, "71 hours after the end"


async def test_to_rate_does_not_make_the_time_to_come_back_longer(office: OfficeHours, clock: ManualClock) -> None:
    clock.move(20 * HOURS)
    await office.customer("5")
    clock.move(51 * HOURS)
    await office.customer("Not quite")
    assert await state(office) is OwnershipState.QUEUED, "71 hours after the end"
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    assert await office.store.rating(CASE) == (5, None)


async def test_who_comes_back_to_the_agent_can_rate_as_well(store: SqlStore, clock: ManualClock) -> None:
    settings = HandoffSettings(rating_seconds=HOURS, reopen_seconds=0)
    office = await resolved(OfficeHours(store, clock, settings))
    await office.customer("3")  # no agent is asked in this office
    assert await store.rating(CASE) == (3, None)
    assert await state(office) is OwnershipState.RESOLVED


async def test_nobody_is_asked_where_nobody_wants_to_know(store: SqlStore, clock: ManualClock) -> None:
    office = await resolved(OfficeHours(store, clock, HandoffSettings(rating_seconds=0)))
    assert "number" not in (await office.reads())[-1]
    await office.customer("5")
    assert await store.rating(CASE) is None
    assert await state(office) is OwnershipState.QUEUED


@BOTH_DATABASES
async def test_a_crash_and_a_redelivery_count_once(
    office: OfficeHours, open_store: OpenStore, clock: ManualClock
) -> None:
    who = Identity("web", "main", "ada", locale="en")
    event = Acceptable(MessageReceived(EventKey("web", "main", "r1"), HOME, who, "5", clock.now(), locale="en"))
    await office.store.accept([event])
    (lost,) = await office.store.claim(10, 5.0, history=60)
    await office.turn.run(lost)  # and then the process dies, before the commit
    assert await office.store.rating(CASE) is None
    clock.move(6)
    other = await open_store()
    (again,) = await other.claim(10, 5.0, history=60)
    outcome = await office.turn.run(again)
    assert [one.held for one in await other.finish([outcome])] == [True]
    assert [one.held for one in await office.store.finish([outcome])] == [False]
    (redelivered,) = await office.store.accept([event])
    assert not isinstance(redelivered, Exception)
    assert redelivered.duplicate
    assert await office.store.claim(10, 5.0, history=60) == []
    assert await state(office) is OwnershipState.RESOLVED
    assert (await remarks(office)).count("The customer gave 5 of 5.") == 1
    assert sum("Thank you for your rating" in text for text in await office.reads()) == 1
