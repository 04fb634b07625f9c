"""Slack does not say who somebody is: the customer reads "our team" in their own language, and staff in theirs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.keys import EventKey
from core.domain.messages import MessageEdited, MessageReceived, StaffAction
from core.ports.store import Acceptable
from core.storage.store import SqlStore
from handoff.thread.macros import Macro, Macros
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_follow_ups import shown_on_the_page
from tests.integration.desk.office_hours import HOME, OfficeHours, People
from tests.integration.desk.test_last_words import THREAD
from tests.integration.desk.test_timers import SETTINGS

MACROS = Macros((Macro("hi", "Hi", {"fr": "Bonjour, ici {agent}."}),))


class Strangers(People):
    """Slack does not answer."""

    async def called(self, staff_id: str) -> str | None:
        """See People.called."""
        return None


class Abroad(OfficeHours):
    """German staff, and a customer who reads French."""

    def from_customer(self, text: str, action: object = None) -> MessageReceived:
        """In French."""
        event = super().from_customer(text, action)  # type: ignore[arg-type]
        return replace(event, locale="fr", sender=replace(event.sender, locale="fr"))

    async def names(self) -> set[str | None]:
        """Under whose name the customer has what staff wrote."""
        said = await self.store.messages(HOME.conversation_id, limit=500)
        return {one.author_name for one in said if one.author == "staff"}


@pytest.fixture
async def office(store: SqlStore, clock: ManualClock) -> Abroad:
    made = Abroad(store, clock, replace(SETTINGS, staff_locale="de", macros=MACROS))
    made.people = Strangers()
    made.turn._desk._parts = replace(made.turn._desk._parts, people=made.people)  # type: ignore[attr-defined]
    await made.escalates()
    return made


async def read(office: Abroad, *, but: int = 0) -> list[str]:
    return [text for text in (await office.reads())[but:] if "équipe" in text or "Team" in text]


@pytest.mark.parametrize("end", [StaffAction.HAND_BACK, StaffAction.RESOLVE])
async def test_who_comes_and_goes(office: Abroad, end: StaffAction) -> None:
    so_far = len(await office.reads())
    await office.press(StaffAction.CLAIM)
    await office.press(end)
    joined, left = await read(office, but=so_far)
    assert joined == "Notre équipe a rejoint la conversation."
    assert left.startswith("Notre équipe a ")
    told = " ".join(one.text for one in await office.posts("remark"))
    assert "Unser Team hat dieses Gespräch übernommen" in told
    assert "équipe" not in told


async def test_whom_it_was_given_to(office: Abroad) -> None:
    so_far = len(await office.reads())
    await office.press(StaffAction.ASSIGN, text="linus")
    assert (await read(office, but=so_far))[0].startswith("Notre équipe, ")


async def test_what_they_wrote_and_put_right(office: Abroad) -> None:
    await office.press(StaffAction.CLAIM)
    said = office.from_staff("Hallo")
    await office._accept(said)
    await shown_on_the_page(office.store, office.clock)
    await office._accept(
        MessageEdited(EventKey("slack", "main", "x1"), THREAD, said.key, "Bonjour", office.clock.now())
    )
    await office.staff("!hi")
    assert await office.names() == {"Notre équipe"}
    assert "Bonjour, ici Notre équipe." in await office.reads()
    (shown,) = await office.posts("outgoing")
    assert shown.author_name == "Unser Team", "in the thread it is staff who read"


async def test_what_was_filled_in(office: Abroad) -> None:
    (result,) = await office.store.accept([Acceptable(office.from_staff("Bonjour", StaffAction.REPLY))])
    assert not isinstance(result, Exception)
    await office.works()
    assert await office.names() == {"Notre équipe"}
