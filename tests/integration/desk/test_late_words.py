"""What comes late, or out of its order: Slack repeats what it could not deliver, and lanes are slower than people."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from core.domain.capabilities import Capabilities
from core.domain.customer import Identity
from core.domain.delivery import DeliveryStatus
from core.domain.errors import UnknownMessage
from core.domain.keys import EventKey
from core.domain.messages import MessageDeleted, MessageEdited, MessageKind, MessageReceived, StaffAction
from core.ports.channel import Channel
from core.ports.responder import Reply, TurnEvents
from core.ports.store import Acceptable, Settlement, TurnState
from core.storage.store import SqlStore
from core.turn import Turn
from handoff.slack_desk import SlackDesk
from handoff.thread.delivery_marks import marks
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.busy_desk import UNDO, BusyDesk
from tests.integration.desk.office_hours import HOME, Agent
from tests.unit.core.counted import CountedMetrics
from tests.unit.core.responders import sorry

INSIDE = "it was written before you had this conversation"


@pytest.fixture
async def desk(store: SqlStore, clock: ManualClock) -> BusyDesk:
    """A customer waits for a person."""
    made = BusyDesk(store, clock)
    await made.escalates()
    await made.sends()
    made.heard.clear()
    return made


async def later(desk: BusyDesk, clock: ManualClock) -> list[str]:
    """What the customer reads of staff once all times are over."""
    clock.move(UNDO + 60)
    await desk.sends()
    return [text for text in desk.heard if "joined" not in text and "going to answer" not in text]


async def test_what_was_written_before_the_claim_stays_inside_however_late_it_comes(
    desk: BusyDesk, clock: ManualClock
) -> None:
    chatter = desk.from_staff("this fraud again")
    clock.move(20)
    await desk.press(StaffAction.CLAIM)
    clock.move(60)
    await desk.accepts(chatter)
    await desk.works()
    assert await later(desk, clock) == []
    assert [one for one in await desk.remarks() if INSIDE in one]
    await desk.writes("Hello")
    assert await later(desk, clock) == ["Hello"]


@pytest.mark.parametrize("how", ["take over", "assign"])
async def test_what_was_written_while_somebody_else_had_it_stays_inside(
    desk: BusyDesk, clock: ManualClock, how: str
) -> None:
    await desk.press(StaffAction.CLAIM, "linus")
    clock.move(20)
    chatter = desk.from_staff("Linus, he is a fraud")
    clock.move(20)
    if how == "take over":
        await desk.press(StaffAction.TAKE_OVER)
    else:
        await desk.press(StaffAction.ASSIGN, "linus", "grace")
    await desk.accepts(chatter)
    await desk.works()
    assert await later(desk, clock) == []
    assert [one for one in await desk.remarks() if INSIDE in one]


async def test_what_was_written_right_after_the_press_goes_out_whenever_the_hub_comes_to_it(
    desk: BusyDesk, clock: ManualClock
) -> None:
    claim = desk.from_staff("", StaffAction.CLAIM)
    clock.move(0.2)
    said = desk.from_staff("Hello")
    clock.move(5)
    for event in (claim, said):
        await desk.accepts(event)
    for _ in range(2):
        await desk.works()
    assert await later(desk, clock) == ["Hello"]


async def test_the_owners_words_go_out_however_late_slack_repeats_them(desk: BusyDesk, clock: ManualClock) -> None:
    await desk.press(StaffAction.CLAIM)
    clock.move(1)
    said = desk.from_staff("Hello")
    clock.move(300)
    await desk.accepts(said)
    await desk.works()
    assert await later(desk, clock) == ["Hello"]


@pytest.mark.parametrize("together", [False, True])
async def test_what_was_deleted_before_slack_could_deliver_it_is_not_sent_when_it_can(
    desk: BusyDesk, clock: ManualClock, together: bool
) -> None:
    await desk.press(StaffAction.CLAIM)
    said = desk.from_staff("he is a fraud")
    gone, again = desk.change(said, None), desk.change(said, None)
    clock.move(70)
    events = (gone, again, said, desk.change(said, "he is a friend"))
    for batch in [events] if together else [[one] for one in events]:
        *taken, last = await desk.store.accept([Acceptable(one) for one in batch])
        assert not [one for one in taken if isinstance(one, Exception)]
    assert isinstance(last, UnknownMessage), "there is nothing to edit"
    await desk.works()
    assert await later(desk, clock) == []
    await desk.writes("Hello")
    assert await later(desk, clock) == ["Hello"]


async def test_what_a_customer_edits_before_anybody_read_it_stands_once_in_the_thread(desk: BusyDesk) -> None:
    who, key = Identity("web", "main", "ada", locale="en"), EventKey("web", "main", "edited")
    now = desk.clock.now()
    await desk.accepts(MessageReceived(key, HOME, who, "My order is AB-12", now))
    await desk.accepts(MessageEdited(EventKey("web", "main", "e1"), HOME, key, "My order is AB-13", now))
    await desk.works()
    shown = [one for one in await desk.told() if "AB-1" in one.text]
    assert [(one.meta["post"], one.text) for one in shown] == [("said", "My order is AB-13")]


async def test_what_a_customer_deletes_before_anybody_read_it_is_not_said(desk: BusyDesk) -> None:
    who, key = Identity("web", "main", "ada", locale="en"), EventKey("web", "main", "gone")
    now = desk.clock.now()
    await desk.accepts(MessageReceived(key, HOME, who, "My password is 1234", now))
    await desk.accepts(MessageEdited(EventKey("web", "main", "e1"), HOME, key, "My word is 1234", now))
    await desk.accepts(MessageDeleted(EventKey("web", "main", "e2"), HOME, key, now))
    await desk.works()
    assert not [one for one in await desk.told() if one.meta["post"] == "edited"], "there is nothing to read in it"


class Answers:
    """An agent that says something to everything."""

    async def respond(self, turn: TurnState, turn_id: str, events: TurnEvents) -> Reply:
        """See Responder."""
        return Reply(f"The agent's answer to: {turn.pending[-1].text}", MessageKind.ANSWER)


async def withheld(desk: BusyDesk) -> list[str]:
    """What the thread says of the agent's answers, after all that there is to tell was told."""
    while await desk.store.report_outcomes("main", lambda fate: marks(fate, "en")):
        pass
    return [one for one in await desk.remarks() if "did not get this answer" in one]


async def test_staff_are_told_which_answer_of_the_agents_the_customer_never_got(
    store: SqlStore, clock: ManualClock
) -> None:
    desk = BusyDesk(store, clock)
    desk.turn._responder = Answers()
    await desk.customer("Where is my order?")
    await desk.escalates()
    assert any("The agent's answer" in one.text for one in await desk.told()), "the thread shows it"
    await desk.sends()
    assert not [one for one in desk.heard if "The agent's answer" in one]
    for _ in range(2):
        (told,) = await withheld(desk)
        assert "The agent's answer to: Where is my order?" in told


async def test_of_an_answer_that_went_out_nothing_is_said(store: SqlStore, clock: ManualClock) -> None:
    desk = BusyDesk(store, clock)
    desk.turn._responder = Answers()
    await desk.customer("Where is my order?")
    await desk.sends()
    await desk.escalates()
    await desk.sends()
    assert await withheld(desk) == []


async def test_an_answer_whose_try_did_not_arrive_is_told_of_as_well(store: SqlStore, clock: ManualClock) -> None:
    desk = BusyDesk(store, clock)
    desk.turn._responder = Answers()
    await desk.customer("Where is my order?")
    (one,) = await desk.lane()
    await desk.store.settle([Settlement(one.id, one.token, DeliveryStatus.DUE, retry_after=0.0, uncertain=True)])
    await desk.escalates()
    again = next(found for found in await desk.lane() if found.id == one.id)
    assert again.owner_changed
    await desk.store.settle([Settlement(again.id, again.token, DeliveryStatus.WITHHELD, error="It did not arrive.")])
    assert len(await withheld(desk)) == 1


@pytest.fixture
async def owned(desk: BusyDesk, clock: ManualClock) -> BusyDesk:
    """Grace has it."""
    await desk.press(StaffAction.CLAIM)
    await desk.sends()
    clock.move(1)
    return desk


async def three(desk: BusyDesk, clock: ManualClock) -> list[MessageReceived]:
    """Written one after the other; none of them has come yet."""
    said = []
    for text in ("First", "Second", "Third"):
        said.append(desk.from_staff(text))
        clock.move(1)
    return said


LATE = "late: the customer gets it after"


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0)])
async def test_what_comes_together_goes_out_as_it_was_written(
    owned: BusyDesk, clock: ManualClock, order: tuple[int, int, int]
) -> None:
    said = await three(owned, clock)
    for place in order:
        await owned.accepts(said[place])
    await owned.works()
    assert await later(owned, clock) == ["First", "Second", "Third"]
    assert not [one for one in await owned.remarks() if LATE in one]


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
async def test_what_waits_to_be_sent_lets_pass_what_was_written_before_it(
    owned: BusyDesk, clock: ManualClock, order: tuple[int, int, int]
) -> None:
    said = await three(owned, clock)
    for place in order:
        await owned.accepts(said[place])
        await owned.works()
        await owned.sends()
    assert await later(owned, clock) == ["First", "Second", "Third"]
    assert not [one for one in await owned.remarks() if LATE in one]
    kept = [one.text for one in await owned.store.messages(HOME.conversation_id) if one.author == "staff"]
    assert kept == ["First", "Second", "Third"], "and so it is told from now on"


async def test_two_that_came_late_find_their_places_between_two_that_wait(owned: BusyDesk, clock: ManualClock) -> None:
    first, second, third = await three(owned, clock)
    fourth = owned.from_staff("Fourth")
    for batch in ((second, fourth), (third, first)):
        for event in batch:
            await owned.accepts(event)
        await owned.works()
    assert await later(owned, clock) == ["First", "Second", "Third", "Fourth"]


async def test_what_was_put_behind_another_can_be_taken_back_and_changed(owned: BusyDesk, clock: ManualClock) -> None:
    first, second, third = await three(owned, clock)
    for event in (second, third, first):
        await owned.accepts(event)
        await owned.works()
    await owned.accepts(owned.change(second, None))
    await owned.accepts(owned.change(third, "The third"))
    await owned.works()
    assert await later(owned, clock) == ["First", "The third"]


async def test_what_comes_after_what_was_sent_is_said_to_be_late(owned: BusyDesk, clock: ManualClock) -> None:
    first, second, _ = await three(owned, clock)
    await owned.accepts(second)
    await owned.works()
    assert await later(owned, clock) == ["Second"]
    await owned.accepts(first)
    await owned.works()
    assert await later(owned, clock) == ["Second", "First"]
    (said,) = [one for one in await owned.remarks() if LATE in one]
    assert "“First”" in said


async def test_nothing_passes_a_change_of_hands(owned: BusyDesk, clock: ManualClock) -> None:
    first, second, _ = await three(owned, clock)
    release = owned.from_staff("", StaffAction.RELEASE)
    for event in (second, release, first):
        await owned.accepts(event)
    for _ in range(2):
        await owned.works()
    assert await later(owned, clock) == ["Second"]


@pytest.mark.parametrize(("own_time", "read"), [(True, ["One", "Two", "Three"]), (False, ["Three", "One", "Two"])])
async def test_a_customers_words_stand_in_the_thread_as_they_were_written(
    desk: BusyDesk, clock: ManualClock, own_time: bool, read: list[str]
) -> None:
    channel = SimpleNamespace(capabilities=Capabilities(text_limit=1000, own_time=own_time))
    staffed, channels = SlackDesk(desk.parts(desk.store), desk.settings), {"web": cast(Channel, channel)}
    desk.turn = Turn(Agent(), staffed, channels, CountedMetrics(), sorry)
    said = []
    for text in ("One", "Two", "Three"):
        said.append(desk.from_customer(text))
        clock.move(1)
    for place in (2, 0, 1):
        await desk.accepts(said[place])
    await desk.works()
    assert [one.text for one in await desk.posts("said")][-3:] == read
