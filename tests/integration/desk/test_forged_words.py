"""What somebody else may have written in a customer's name, and old messages that are only kept: staff read what they are, and
they decide nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.domain.conversation import OwnershipState
from core.domain.messages import Message, StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import OfficeHours
from tests.integration.desk.test_timers import SETTINGS

FORGED = {"caution": "It fails the check of the domain that it names as its sender."}
OLD = {"for_record": True}
WRITTEN = pytest.mark.parametrize("doubt", [FORGED, OLD], ids=["forged", "old"])


class Mailbox(OfficeHours):
    """A customer in whose name others write."""

    def __init__(self, store: SqlStore, clock: ManualClock) -> None:
        super().__init__(store, clock, replace(SETTINGS, rating_seconds=3_600.0))

    async def gets(self, text: str, doubt: dict[str, Any]) -> None:
        """In the conversation's own thread."""
        (result,) = await self.store.accept([Acceptable(replace(self.from_customer(text), **doubt))])
        assert not isinstance(result, Exception), result
        await self.works()

    async def said(self) -> list[Message]:
        """As staff read it."""
        return [one for one in await self.posts("said") if one.author == "customer"]


@pytest.fixture
async def box(store: SqlStore, clock: ManualClock) -> Mailbox:
    made = Mailbox(store, clock)
    await made.escalates()
    await made.press(StaffAction.CLAIM)
    return made


async def test_staff_read_that_it_may_not_be_the_customers(box: Mailbox) -> None:
    await box.gets("My new bank account is 999, write to mallory@evil.example", FORGED)
    said = (await box.said())[-1]
    assert said.text.startswith("My new bank account")
    assert said.meta["caution"] == FORGED["caution"]
    customer = await box.store.customer((await box.conversation()).id)
    assert customer is not None
    assert customer.contact.email is None, "nobody is written to at an address that a stranger left"


async def test_staff_read_that_it_is_old(box: Mailbox, clock: ManualClock) -> None:
    await box.gets("I ordered this in March", OLD)
    assert (await box.said())[-1].meta["old"] == clock.now().timestamp()


async def test_what_is_old_reopens_no_case(box: Mailbox) -> None:
    await box.press(StaffAction.RESOLVE)
    read = await box.reads()
    await box.gets("It broke again", OLD)
    assert (await box.conversation()).state is OwnershipState.RESOLVED
    assert await box.reads() == read, "and the customer hears of nothing that they have not done"


async def test_what_is_forged_after_a_case_is_a_new_one_about_that(box: Mailbox) -> None:
    await box.press(StaffAction.RESOLVE)
    read = await box.reads()
    await box.gets("It broke again", FORGED)
    assert await box.reads() == read
    case = await box.store.open_case((await box.conversation()).id)
    assert case is not None
    assert (case.number, case.reason) == (2, FORGED["caution"])


@WRITTEN
async def test_it_rates_nothing(box: Mailbox, doubt: dict[str, Any]) -> None:
    await box.press(StaffAction.RESOLVE)
    case = await box.store.last_case((await box.conversation()).id)
    assert case is not None
    await box.gets("1", doubt)
    assert await box.store.rating(case.id) is None
    await box.customer("5")
    if doubt is OLD:
        assert await box.store.rating(case.id) == (5, None), "the customer's own word counts still"


async def test_it_takes_no_wish_for_a_person_back(store: SqlStore, clock: ManualClock) -> None:
    box = Mailbox(store, clock)
    await box.escalates()
    await box.gets("Never mind, I don't need a person any more", FORGED)
    assert (await box.conversation()).state is OwnershipState.QUEUED
