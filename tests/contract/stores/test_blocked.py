"""Customers whom staff have blocked: what they write is kept, and nothing comes of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, update

from channels.slack.place import Place
from channels.slack.views import Form, Press, words_of
from channels.slack.wire import View
from config.simulation.slack_views import check_modal
from core.domain.conversation import OwnershipState, Sharing
from core.domain.customer import Identity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import BLOCKED, CustomerAction, MessageReceived, ReactionChanged, StaffAction
from core.ports.channel import Accepted
from core.ports.outcomes import BlockCustomer
from core.ports.store import Acceptable
from core.storage.blocks import keep_blocks
from core.storage.store import SqlStore
from core.storage.tables import customer, identity
from handoff.slack.forms import CHOICE, REASON, WRITER
from handoff.thread.desk_views import DeskViews
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.office_hours import CASE, HOME, FakeDeskChannel, OfficeHours
from tests.integration.desk.test_timers import SETTINGS


class Gate(OfficeHours):
    """A case whose customer staff block."""

    async def writes(
        self,
        text: str,
        home: ConversationKey = HOME,
        who: str = "ada",
        shared: bool = False,
        proven: bool = False,
        action: CustomerAction | None = None,
    ) -> Accepted:
        """A customer, anywhere; and the turn is done."""
        self.events += 1
        sender = Identity(home.channel, home.account, who, locale="en", display_name=who.title(), verified=proven)
        key = EventKey(home.channel, home.account, f"c{self.events}")
        event = MessageReceived(key, home, sender, text, self.clock.now(), action=action, locale="en", shared=shared)
        (result,) = await self.store.accept([Acceptable(event)])
        assert isinstance(result, Accepted), result
        await self.works()
        return result

    async def asks(self, thread: str, who: str = "ada", *, proven: bool) -> bool:
        """Somebody asks for a person; whether they are blocked."""
        home = replace(HOME, thread=thread)
        wish = CustomerAction.REQUEST_PERSON
        return (await self.writes("A person, please", home, who, proven=proven, action=wish)).blocked

    async def customer_of(self, who: str = "ada", *, proven: bool) -> str:
        """The id of the customer with that address."""
        theirs = select(identity.c.customer_id).where(identity.c.external_id == who, identity.c.verified.is_(proven))
        return str(await self.store.database.read(lambda connection: connection.scalars(theirs).one()))

    async def relayed(self) -> list[str]:
        """What staff read of customers."""
        return [one.text for one in await self.posts("said") if one.author == "customer"]


def _block_of(customer_id: str, *, blocks: bool) -> BlockCustomer:
    return BlockCustomer("case", customer_id, "linus", "Another reason", blocks=blocks)


@pytest.fixture
async def gate(store: SqlStore, clock: ManualClock) -> Gate:
    made = Gate(store, clock, SETTINGS)
    await made.escalates()
    return made


async def test_what_a_blocked_customer_writes_is_kept_and_nothing_comes_of_it(gate: Gate) -> None:
    await gate.press(StaffAction.BLOCK, text="Spam")
    assert (await gate.conversation()).state is OwnershipState.RESOLVED, "nobody is left to talk to"
    read, relayed = await gate.reads(), await gate.relayed()
    result = await gate.writes("Buy now, I want a person")
    assert result.blocked
    found = await gate.conversation()
    assert (found.state, found.done_seq) == (OwnershipState.RESOLVED, found.last_seq), "and nothing waits"
    assert await gate.relayed() == relayed
    assert await gate.reads() == read, "silence"
    kept = (await gate.store.messages(HOME.conversation_id, limit=100))[-1]
    assert (kept.text, kept.meta[BLOCKED]) == ("Buy now, I want a person", True)


@BOTH_DATABASES
async def test_another_conversation_of_theirs_is_blocked_too_and_nobody_elses(gate: Gate) -> None:
    await gate.press(StaffAction.BLOCK)
    other = replace(HOME, thread="t2")
    assert (await gate.writes("Hello again", other)).blocked
    sender = Identity("web", "main", "ada", locale="en")
    assert await gate.store.is_blocked(sender)
    assert await gate.store.is_blocked(replace(sender, verified=True)), "an address is one, proven or not"
    assert not await gate.store.is_blocked(replace(sender, external_id="bob"))


@pytest.mark.parametrize("proven", [True, False])
async def test_a_block_holds_for_the_address_whether_it_is_proven_or_not(
    store: SqlStore, clock: ManualClock, proven: bool
) -> None:
    gate = Gate(store, clock, SETTINGS)
    await gate.asks("t0", proven=not proven)
    await gate.asks(HOME.thread, proven=proven)
    await gate.press(StaffAction.BLOCK, text="Spam")
    assert len(await store.blocked()) == 1
    sender = Identity("web", "main", "ada")
    for kind in (proven, not proven):
        assert await store.is_blocked(replace(sender, verified=kind))
        for thread in (HOME.thread, "t0", f"new-{kind}"):
            assert await gate.asks(thread, proven=kind)
    assert not await gate.asks("b", who="bob", proven=proven)
    other = await gate.customer_of(proven=not proven)
    found = await store.block_of(other)
    assert found is not None
    assert (found.by, found.reason) == ("grace", "Spam")
    await store.database.write(lambda connection: keep_blocks(connection, [_block_of(other, blocks=True)], 1.0))
    assert len(await store.blocked()) == 1, "who is blocked already stays so by whoever was first"
    await store.database.write(lambda connection: keep_blocks(connection, [_block_of(other, blocks=False)], 2.0))
    assert await store.blocked() == []
    for thread, kind in ((HOME.thread, proven), ("t0", not proven)):
        assert not await gate.asks(thread, proven=kind)


@pytest.mark.parametrize("proven", [True, False])
async def test_what_waits_to_be_read_is_dropped_whether_it_is_proven_or_not(gate: Gate, proven: bool) -> None:
    late = replace(gate.from_customer("Just before"), sender=Identity("web", "main", "ada", verified=proven))
    await gate.store.accept([Acceptable(late)])
    ids = [await gate.customer_of(proven=False)]
    await gate.store.database.write(lambda connection: keep_blocks(connection, [_block_of(ids[0], blocks=True)], 1.0))
    await gate.works()
    assert "Just before" not in await gate.relayed()


@BOTH_DATABASES
async def test_who_did_it_and_why_is_told_and_recorded(gate: Gate) -> None:
    await gate.press(StaffAction.BLOCK, text="Threatens\nus")
    assert "Grace has blocked this customer" in (await gate.posts("remark"))[-1].text
    (block,) = await gate.store.blocked()
    assert (block.by, block.reason, block.identities) == ("grace", "Threatens\nus", ("web:ada",))
    log = [entry.text for entry in await gate.store.case_log(block.case_id)]
    assert any("Grace has blocked" in text and "“Threatens us”" in text for text in log)


@BOTH_DATABASES
async def test_who_is_unblocked_is_answered_from_then_on(gate: Gate) -> None:
    await gate.press(StaffAction.BLOCK, text="Spam")
    assert (await gate.writes("While blocked")).blocked
    await gate.press(StaffAction.UNBLOCK, text="A mistake")
    assert await gate.store.blocked() == []
    await gate.customer("A person, please", CustomerAction.REQUEST_PERSON)
    assert (await gate.conversation()).state is OwnershipState.QUEUED
    assert "While blocked" not in str([one.meta for one in await gate.told()]), "nor is it shown now"


@BOTH_DATABASES
async def test_in_a_group_one_is_blocked_and_not_the_group(store: SqlStore, clock: ManualClock) -> None:
    gate = Gate(store, clock, SETTINGS)
    gate.events += 1
    sender = Identity("web", "main", "ada", locale="en")
    key = EventKey("web", "main", f"c{gate.events}")
    wish = MessageReceived(
        key, HOME, sender, "A person", clock.now(), action=CustomerAction.REQUEST_PERSON, locale="en", shared=True
    )
    await store.accept([Acceptable(wish)])
    await gate.works()
    assert (await gate.conversation()).shared is Sharing.ALWAYS
    await gate.press(StaffAction.BLOCK, text="Rude")
    assert (await gate.conversation()).state is OwnershipState.QUEUED, "the others are still there"
    assert (await gate.writes("From Ada", shared=True)).blocked
    assert not (await gate.writes("From Bob", who="bob", shared=True)).blocked
    assert (await gate.relayed())[-1] == "From Bob"
    assert "From Ada" not in await gate.relayed()
    on = EventKey("web", "main", f"c{gate.events}")

    async def reacted(who: str) -> int:
        """How many reactions staff have been shown, when that one has reacted."""
        gate.events += 1
        key = EventKey("web", "main", f"r{gate.events}")
        by = Identity("web", "main", who, display_name=who.title())
        (result,) = await store.accept([Acceptable(ReactionChanged(key, HOME, on, by, "👍", True, clock.now()))])
        assert isinstance(result, Accepted), result
        await gate.works()
        return len(await gate.posts("reacted"))

    assert await reacted("ada") == 0
    assert await reacted("bob") == await reacted("ada") == 1
    of_bob = select(identity.c.customer_id).where(identity.c.external_id == "bob").scalar_subquery()
    block = update(customer).where(customer.c.id == of_bob).values(blocked="Rude, too")
    await store.database.write(lambda connection: connection.execute(block))
    assert await reacted("bob") == 1


class Group(Gate):
    """Ada has asked for a person where Bob and Eve write too."""

    async def begins(self) -> None:
        """All have written."""
        await self.writes("A person", shared=True, action=CustomerAction.REQUEST_PERSON)
        for who in ("bob", "eve"):
            await self.writes(f"From {who.title()}", who=who, shared=True)

    async def chooses(self, action: StaffAction, who: str) -> None:
        """Staff send the form off in which they have chosen that one."""
        writers = {one.address: one.customer_ids[0] for one in await self.store.writers(HOME.conversation_id)}
        await self.press(action, text=json.dumps({WRITER: writers[who], REASON: "Rude"}))


@pytest.fixture
async def group(store: SqlStore, clock: ManualClock) -> Group:
    made = Group(store, clock, SETTINGS)
    await made.begins()
    return made


async def test_in_a_group_staff_block_the_writer_whom_they_choose_and_nobody_else(group: Group) -> None:
    writers = await group.store.writers(HOME.conversation_id)
    assert [(one.address, one.name) for one in writers] == [("eve", "Eve"), ("bob", "Bob"), ("ada", "Ada")]
    await group.chooses(StaffAction.BLOCK, "bob")
    assert "Grace has blocked Bob (bob)" in (await group.posts("remark"))[-1].text
    assert (await group.conversation()).state is OwnershipState.QUEUED
    (block,) = await group.store.blocked()
    assert (block.identities, block.reason) == (("web:bob",), "Rude")
    blocked = {
        who: (await group.writes(f"Later, {who}", who=who, shared=True)).blocked for who in ("ada", "bob", "eve")
    }
    assert blocked == {"ada": False, "bob": True, "eve": False}
    assert (await group.relayed())[-2:] == ["Later, ada", "Later, eve"]
    assert (await group.writes("Elsewhere", replace(HOME, thread="t9"), "bob")).blocked
    await group.chooses(StaffAction.UNBLOCK, "bob")
    assert await group.store.blocked() == []
    assert not (await group.writes("Sorry", who="bob", shared=True)).blocked
    assert (await group.relayed())[-1] == "Sorry"


@BOTH_DATABASES
async def test_a_writer_whose_messages_are_partly_proven_is_one(group: Group) -> None:
    await group.writes("Proven", who="bob", shared=True, proven=True)
    writers = {one.address: one.customer_ids for one in await group.store.writers(HOME.conversation_id)}
    proven, other = [await group.customer_of("bob", proven=kind) for kind in (True, False)]
    assert writers["bob"] == (proven, other)
    assert len(writers) == 3


class Shown:
    """Implements Panel: what one person has open."""

    def __init__(self) -> None:
        self.view: Any = None

    async def open(self, trigger: str, view: View) -> None:
        """See Panel."""
        self.view = view

    async def change(self, view_id: str, view_hash: str, view: View) -> None:
        """See Panel."""
        self.view = view

    async def whisper(self, place: Place, user: str, text: str) -> None:
        """See Panel."""
        raise AssertionError(text)

    async def is_member(self, channel: str, user: str, *, now: bool = True) -> bool:
        """See Panel."""
        return True

    def writers(self) -> tuple[dict[str, str], str]:
        """Those to choose from, and whom the form is about."""
        (menu,) = [one["element"] for one in self.view["blocks"] if one.get("block_id") == "writer"]
        named = {one["text"]["text"]: one["value"] for one in menu["options"]}
        return named, menu["initial_option"]["text"]["text"]


class OneCase(FakeDeskChannel):
    """Every thread is of the case."""

    async def case_of(self, thread: ConversationKey) -> str | None:
        """See DeskChannel."""
        return CASE


def _views(group: Gate) -> tuple[DeskViews, Shown]:
    shown = Shown()
    return DeskViews(replace(group.parts(group.store), desk_channel=OneCase()), group.store, shown, SETTINGS), shown


async def test_the_form_lists_who_wrote_and_unblocks_whoever_is_blocked(group: Group) -> None:
    views, shown = _views(group)
    place = Place("T1", "C1", "1.0")
    await views.open(Press("block", "U1", "trigger", place))
    named, about = shown.writers()
    assert (list(named), about) == (["Eve (eve)", "Bob (bob)", "Ada (ada)"], "Ada (ada)")
    check_modal(shown.view)
    carried = json.loads(shown.view["private_metadata"])
    form = Form(shown.view["callback_id"], "V1", "h1", "U1", carried, {WRITER: named["Bob (bob)"], REASON: "Rude"})
    await views.choose(form, CHOICE, named["Bob (bob)"])
    assert (shown.writers()[1], shown.view["callback_id"]) == ("Bob (bob)", StaffAction.BLOCK)
    await group.press(StaffAction.BLOCK, text=words_of(form))
    assert [one.identities for one in await group.store.blocked()] == [("web:bob",)]
    await views.choose(form, CHOICE, named["Bob (bob)"])
    assert (shown.writers()[1], shown.view["callback_id"]) == ("Bob (bob)", StaffAction.UNBLOCK)
    await views.choose(form, CHOICE, named["Eve (eve)"])
    assert (shown.writers()[1], shown.view["callback_id"]) == ("Eve (eve)", StaffAction.BLOCK)


@BOTH_DATABASES
async def test_where_one_alone_wrote_nobody_is_to_be_chosen(gate: Gate) -> None:
    views, shown = _views(gate)
    await views.open(Press("block", "U1", "trigger", Place("T1", "C1", "1.0")))
    assert [one["element"]["action_id"] for one in shown.view["blocks"] if one["type"] == "input"] == ["staff_block"]


async def test_what_was_written_before_the_block_and_not_read_yet_counts_for_nothing(gate: Gate) -> None:
    late = gate.from_customer("Just before")
    press = gate.from_staff("Spam", StaffAction.BLOCK)
    await gate.store.accept([Acceptable(press)])
    (state,) = await gate.store.claim(10, 5.0, history=60)
    await gate.store.accept([Acceptable(late)])
    await gate.store.finish([await gate.turn.run(state)])
    await gate.works()
    await gate.works()
    assert "Just before" not in await gate.relayed()


async def test_albums_of_whoever_is_blocked_delay_nobody(gate: Gate) -> None:
    await gate.press(StaffAction.BLOCK)
    for number, (who, album) in enumerate((("bob", None), ("ada", "a1"))):
        sender = Identity("web", "main", who, locale="en")
        key = EventKey("web", "main", f"album{number}")
        event = MessageReceived(key, HOME, sender, "Hi", gate.clock.now(), locale="en", shared=True, album=album)
        await gate.store.accept([Acceptable(event, window=60.0 if album else 0.0)])
    assert len(await gate.store.claim(10, 5.0, history=10)) == 1, "whoever is blocked delays nobody's answer"
