"""A member of a group whom staff have blocked: what they do later to what was said before, and what is made of their words."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.domain.customer import Identity
from core.domain.keys import EventKey
from core.domain.messages import MessageDeleted, MessageEdited, MessageReceived, RawEvent, ReactionChanged, StaffAction
from core.ports.channel import Accepted
from core.ports.outcomes import BlockCustomer
from core.ports.store import Acceptable
from core.storage.blocks import keep_blocks
from core.storage.store import SqlStore
from core.storage.tables import inbound_event, reaction
from handoff.customer_language import written
from handoff.thread.seen_before import CaseMatter
from handoff.waits.unanswered import LastSaid
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.test_blocked import Group
from tests.integration.desk.office_hours import CASE, HOME
from tests.integration.desk.test_timers import SETTINGS


@pytest.fixture
async def group(store: SqlStore, clock: ManualClock) -> Group:
    """Ada, Bob and Eve have written, and Ada has a case."""
    made = Group(store, clock, SETTINGS)
    await made.begins()
    return made


def _edit(group: Group, number: int, target: EventKey, text: str) -> Acceptable:
    key, now = EventKey("web", "main", f"edit{number}"), group.clock.now()
    raw = RawEvent("web", "main", text.encode(), {}, now)
    return Acceptable(MessageEdited(key, HOME, target, text, now), raw)


@BOTH_DATABASES
@pytest.mark.parametrize("later", [1, 80])
async def test_what_the_blocked_make_of_their_earlier_messages_reaches_nobody(group: Group, later: int) -> None:
    bobs, eves = EventKey("web", "main", "c2"), EventKey("web", "main", "c3")
    for number in range(later):
        await group.writes(f"More {number}", who="eve", shared=True)
    await group.chooses(StaffAction.BLOCK, "bob")
    before = len(await group.told())
    (by_bob,) = await group.store.accept([_edit(group, 1, bobs, "Edited by Bob")])
    assert isinstance(by_bob, Accepted)
    assert by_bob.blocked
    await group.works()
    assert len(await group.told()) == before, "staff are not told"
    said = [one.text for one in await group.store.messages(HOME.conversation_id, limit=500)]
    assert "From Bob" in said, "nor does the agent remember it"
    raw = select(inbound_event.c.raw).where(inbound_event.c.event_key == str(EventKey("web", "main", "edit1")))
    assert await group.store.database.read(lambda connection: connection.scalar(raw)) == b"Edited by Bob"
    await group.store.accept([_edit(group, 2, eves, "Edited by Eve")])
    await group.works()
    assert len(await group.told()) > before
    gone = MessageDeleted(EventKey("web", "main", "gone"), HOME, bobs, group.clock.now())
    before = len(await group.told())
    await group.store.accept([Acceptable(gone)])
    await group.works()
    assert len(await group.told()) == before
    said = [one.text for one in await group.store.messages(HOME.conversation_id, limit=500)]
    assert "From Bob" not in said, "what they take back is taken back"


async def test_an_edit_that_waits_when_its_author_is_blocked_is_not_told(group: Group) -> None:
    for number in range(80):
        await group.writes(f"More {number}", who="eve", shared=True)
    await group.store.accept([_edit(group, 1, EventKey("web", "main", "c2"), "Edited by Bob")])
    block = BlockCustomer("case", await group.customer_of("bob", proven=False), "linus", "Rude", blocks=True)
    await group.store.database.write(lambda connection: keep_blocks(connection, [block], 1.0))
    before = len(await group.told())
    await group.works()
    assert len(await group.told()) == before


async def test_a_message_and_its_edit_that_come_together_are_both_kept_from_all(group: Group) -> None:
    await group.chooses(StaffAction.BLOCK, "bob")
    sender, key = Identity("web", "main", "bob"), EventKey("web", "main", "together")
    message = MessageReceived(key, HOME, sender, "First", group.clock.now(), shared=True)
    results = await group.store.accept([Acceptable(message), _edit(group, 1, key, "Second"), Acceptable(message)])
    assert [isinstance(one, Accepted) and one.blocked for one in results] == [True, True, True]
    assert (await group.store.messages(HOME.conversation_id, limit=500))[-1].text == "First"


async def test_a_reaction_of_the_blocked_counts_for_nothing_later_either(group: Group) -> None:
    await group.chooses(StaffAction.BLOCK, "bob")
    key, by = EventKey("web", "main", "r1"), Identity("web", "main", "bob")
    on = EventKey("web", "main", "c1")
    await group.store.accept([Acceptable(ReactionChanged(key, HOME, on, by, "👎", True, group.clock.now()))])
    assert await group.store.database.read(lambda connection: connection.execute(select(reaction)).all()) == []


@BOTH_DATABASES
async def test_what_the_blocked_write_keeps_staff_from_no_snooze(group: Group) -> None:
    await group.chooses(StaffAction.BLOCK, "bob")
    read = group.clock.now()
    group.clock.move(1.0)
    await group.writes("From Bob again", who="bob", shared=True)
    assert await group.store.written_since(HOME.conversation_id, read) is None
    group.clock.move(1.0)
    await group.writes("From Ada again", shared=True)
    assert await group.store.written_since(HOME.conversation_id, read) == group.clock.now()


async def test_what_staff_are_helped_with_takes_no_words_of_the_blocked(group: Group) -> None:
    await group.press(StaffAction.CLAIM)
    await group.chooses(StaffAction.BLOCK, "bob")
    case = await group.store.case(CASE)
    assert case is not None
    matter = CaseMatter(group.store, lambda text: text)
    await group.writes("Wo ist mein Paket?", who="bob", shared=True)
    assert await matter.question_text(case) == "From Bob\nFrom Eve", "what the case is about"
    said = await group.store.messages(HOME.conversation_id, limit=500)
    assert "Wo ist mein Paket?" not in written(said), "the language that staff are translated into"
    await group.staff("It is on its way")
    await group.writes("Noch etwas?", who="bob", shared=True)
    lately = LastSaid(group.store, group.store)
    assert await lately.waits_since(await group.conversation(), ()) is None, "nobody waits for an answer"
    await group.writes("Thank you, and when?", shared=True)
    assert await lately.waits_since(await group.conversation(), ()) == group.clock.now()
