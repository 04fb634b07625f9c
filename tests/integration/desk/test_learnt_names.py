"""A customer whose name becomes known, or changes, while a case is open: card and posts have it from then on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.customer import Identity
from core.domain.messages import StaffAction
from core.storage.store import SqlStore
from handoff.settings import HandoffSettings
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import UNKNOWN, OfficeHours


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> OfficeHours:
    office = OfficeHours(store, clock, HandoffSettings())
    await office.escalates()
    return office


async def _writes(office: OfficeHours, text: str, name: str | None, who: str = "ada") -> None:
    event = office.from_customer(text)
    sender = Identity("web", "main", who, display_name=name, locale="en")
    await office._accept(replace(event, sender=sender, shared=who != "ada"))


async def _cards(office: OfficeHours) -> list[str]:
    """Whose card it was each time it was shown anew."""
    return [card.meta["facts"]["customer"] for card in await office.posts("card_now")]


async def test_a_name_that_comes_later_stands_on_the_card_and_the_posts(office: OfficeHours) -> None:
    assert await _cards(office) == ["A visitor"]
    await _writes(office, "Hello?", None)
    assert await _cards(office) == ["A visitor"]
    await _writes(office, "I am signed in now", "Ada")
    await _writes(office, "Still here", "Ada")
    assert await _cards(office) == ["A visitor", "Ada"]
    await _writes(office, "And without a name again", None)
    assert await _cards(office) == ["A visitor", "Ada"]
    assert [post.author_name for post in await office.posts("said")][-3:] == ["Ada", "Ada", "Ada"]


async def test_a_changed_name_renews_the_card_of_an_owner(office: OfficeHours) -> None:
    await _writes(office, "Hello?", "Ada")
    await office.press(StaffAction.CLAIM)
    await _writes(office, "I have married", "Ada Lovelace")
    card = (await office.posts("card_now"))[-1].meta["facts"]
    assert (card["customer"], card["state"], card["owner"]) == ("Ada Lovelace", "staff", "Grace")


async def test_another_authors_name_is_not_put_on_the_card(office: OfficeHours) -> None:
    await _writes(office, "Me too", None, "bob")
    await _writes(office, "I am Bob", "Bob", "bob")
    assert set(await _cards(office)) == {"A visitor"}


async def test_a_case_that_is_opened_again_has_the_name(office: OfficeHours) -> None:
    await office.press(StaffAction.CLAIM)
    await office.press(StaffAction.RESOLVE)
    office.agent.reply = UNKNOWN
    await _writes(office, "I want a person", "Ada")
    assert (await _cards(office))[-1] == "Ada"
