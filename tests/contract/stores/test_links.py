"""Identities that a code has linked, on both databases: who has what meanwhile, and that undoing it parts them again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection, insert, select

from core.domain.case import Case
from core.domain.customer import Evidence, Identity, KnownIdentity
from core.domain.keys import ConversationKey, EventKey
from core.domain.messages import Audience, Author, MessageReceived
from core.domain.ticket import TicketStatus
from core.ports.outcomes import CaseRecord, LinkIdentity, OpenCase, UnlinkIdentity
from core.ports.tickets import Holder, NewTicket, TicketChange
from core.storage.links import MASKED
from core.storage.store import SqlStore
from core.storage.tables import identity, identity_link
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, SENT_AT, accept, answer, claim, claim_one, outcome
from tests.scale import Scale

PAGE = Identity(CHANNEL, ACCOUNT, "anon:alice", "Alice")
PHONE = Identity("sms", "AC1", "+4930123456")
MAIL = Identity("email", "help@example.com", "alice@example.com", verified=True)
FORGED = Identity("email", "help@example.com", "alice@example.com")


def wrote(who: Identity, event: str, text: str = "Hello") -> MessageReceived:
    """One message, in the identity's own conversation."""
    key = ConversationKey(who.channel, who.account, f"of {who.external_id} {who.verified}")
    return MessageReceived(EventKey(who.channel, who.account, event), key, who, text, SENT_AT)


async def arrive(store: SqlStore, who: Identity, event: str, text: str = "Hello") -> Holder:
    """They write and are answered. Whose tickets are meant in that conversation."""
    await accept(store, wrote(who, event, text))
    (state,) = await claim(store)
    await store.finish([outcome(state, answer("Noted."))])
    return Holder.of(state.customer, state.conversation.id, private=state.is_private)


async def decide(store: SqlStore, who: Identity, event: str, *records: CaseRecord) -> None:
    """A turn of theirs commits these."""
    await accept(store, wrote(who, event))
    (state,) = await claim(store)
    (finished,) = await store.finish([outcome(state, cases=records)])
    assert finished.held


def link(holder: Holder, who: Identity, code: str = "") -> LinkIdentity:
    return LinkIdentity(holder.conversation_id, holder.customer_id, who, code)


async def tickets_of(store: SqlStore, holder: Holder) -> set[str]:
    return {one.subject for one in await store.tickets(holder, 100)}


async def open_ticket(store: SqlStore, holder: Holder, subject: str) -> str:
    made = await store.create_ticket(
        holder, NewTicket(subject), actor="agent", origin=f"{holder.customer_id} {subject}"
    )
    return made.number


async def test_a_link_shows_each_side_what_the_other_has_and_undoing_it_parts_them(store: SqlStore) -> None:
    page, phone = await arrive(store, PAGE, "p1", "My name is Alice, my order is 77"), await arrive(store, PHONE, "s1")
    await open_ticket(store, page, "page before")
    number = await open_ticket(store, phone, "phone before")
    assert await store.ticket(page, number) is None
    await decide(store, PAGE, "p2", link(page, PHONE))
    await open_ticket(store, page, "page meanwhile")
    await open_ticket(store, phone, "phone meanwhile")
    everything = {"page before", "phone before", "page meanwhile", "phone meanwhile"}
    assert await tickets_of(store, page) == await tickets_of(store, phone) == everything
    assert await store.ticket(page, number) is not None
    assert await store.conversations_of(phone) == 2
    assert list(await store.said_elsewhere(phone, 5)) == ["Hello", "My name is Alice, my order is 77"]
    assert list(await store.identities(phone)) == [
        KnownIdentity("sms", PHONE.external_id, Evidence.PROVEN),
        KnownIdentity(CHANNEL, PAGE.external_id, Evidence.PROVEN),
    ]
    await decide(store, PHONE, "s2", UnlinkIdentity(phone.customer_id, "customer"))
    assert await tickets_of(store, page) == {"page before", "page meanwhile"}
    assert await tickets_of(store, phone) == {"phone before", "phone meanwhile"}
    assert await store.said_elsewhere(phone, 5) == []
    assert [one.evidence for one in await store.identities(phone)] == [Evidence.CLAIMED]


async def test_a_number_that_never_wrote_is_known_when_it_does(store: SqlStore) -> None:
    page = await arrive(store, PAGE, "p1")
    await open_ticket(store, page, "order 77")
    await decide(store, PAGE, "p2", link(page, PHONE))
    await accept(store, wrote(PHONE, "s1", "Where is my order?"))
    state = await claim_one(store)
    assert (state.customer.display_name, state.customer.verified) == ("Alice", False)
    assert state.customer.evidence is Evidence.PROVEN
    assert await tickets_of(store, Holder.of(state.customer, state.conversation.id)) == {"order 77"}


@BOTH_DATABASES
async def test_others_who_read_along_and_forged_senders_see_nothing_of_it(store: SqlStore) -> None:
    page = await arrive(store, PAGE, "p1")
    mail, forged = await arrive(store, MAIL, "m1"), await arrive(store, FORGED, "m2")
    await open_ticket(store, page, "order 77")
    await decide(store, PAGE, "p2", link(page, MAIL))
    assert await tickets_of(store, mail) == {"order 77"}
    assert await tickets_of(store, forged) == set()
    in_a_group = Holder(mail.customer_id, mail.conversation_id, verified=False, private=False)
    assert await tickets_of(store, in_a_group) == set()
    assert await store.said_elsewhere(in_a_group, 5) == []
    assert [one.channel for one in await store.identities(in_a_group)] == ["email"]
    assert await store.conversations_of(in_a_group) == 1
    for shared, name in ((False, "Alice"), (True, None)):
        await accept(store, replace(wrote(MAIL, f"m{shared}"), shared=shared))
        state = await claim_one(store)
        assert state.customer.display_name == name, "a name that was given elsewhere is not told to others"
        found = await store.customer(state.conversation.id)
        assert found is not None
        assert found.display_name == name, "nor by what staff send them"
        await store.finish([outcome(state)])


async def test_the_same_again_links_once_and_what_was_undone_is_remembered(store: SqlStore, clock: ManualClock) -> None:
    page, phone = await arrive(store, PAGE, "p1"), await arrive(store, PHONE, "s1")
    await decide(store, PAGE, "p2", link(page, PHONE), link(page, PHONE), link(page, PAGE))
    clock.move(60)
    await decide(store, PHONE, "s2", link(phone, PAGE))
    await decide(store, PAGE, "p3", UnlinkIdentity(page.customer_id, "customer", ("sms",)))
    clock.move(60)
    await decide(store, PAGE, "p4", link(page, PHONE))
    rows = await store.database.read(lambda connection: connection.execute(select(identity_link)).all())
    kept = sorted((row.customer_id == page.customer_id, row.unlinked_by) for row in rows if row.unlinked_at)
    assert kept == [(False, "customer"), (True, "customer")]
    assert len([row for row in rows if row.unlinked_at is None]) == 2
    assert {row.conversation_id for row in rows} == {page.conversation_id}


async def test_one_channel_is_taken_out_and_the_others_stay(store: SqlStore) -> None:
    page, phone, mail = [await arrive(store, who, f"{who.channel}1") for who in (PAGE, PHONE, MAIL)]
    for holder, name in ((page, "page"), (phone, "phone"), (mail, "mail")):
        await open_ticket(store, holder, name)
    await decide(store, PAGE, "p2", link(page, PHONE), link(page, MAIL))
    assert await tickets_of(store, phone) == {"page", "phone", "mail"}
    await decide(store, MAIL, "m2", UnlinkIdentity(mail.customer_id, "customer", ("sms",)))
    assert await tickets_of(store, phone) == {"phone"}
    assert await tickets_of(store, mail) == {"page", "mail"}


async def test_a_sender_that_can_be_forged_changes_no_ticket_of_another_identity(store: SqlStore) -> None:
    """Text messages prove no sender. The page on which the code was typed is proven by its session, mail by its signature."""
    page, phone, mail = [await arrive(store, who, f"{who.channel}1") for who in (PAGE, PHONE, MAIL)]
    numbers = [await open_ticket(store, holder, f"of {holder.customer_id}") for holder in (page, phone, mail)]
    await decide(store, PAGE, "p2", link(page, PHONE), link(page, MAIL))

    async def changed(holder: Holder) -> list[bool]:
        closed, origin = TicketChange(status=TicketStatus.CLOSED), holder.customer_id
        made = [await store.update_ticket(holder, one, closed, actor="agent", origin=origin) for one in numbers]
        return [one is not None for one in made]

    assert await changed(phone) == [False, True, False]
    assert [one.status for one in await store.tickets(phone, 10)].count(TicketStatus.OPEN) == 2
    assert await changed(replace(page, conversation_id="another session")) == [False] * 3
    assert await changed(page) == await changed(mail) == [True] * 3
    await decide(store, PAGE, "p3", UnlinkIdentity(page.customer_id, "customer"))
    assert await changed(page) == [True, False, False]


@BOTH_DATABASES
async def test_where_the_named_channel_has_no_link_the_others_stay(store: SqlStore) -> None:
    """On the page a number is meant that is not linked; on the phone itself it is the phone."""
    page, mail, phone = [await arrive(store, who, f"{who.channel}1") for who in (PAGE, MAIL, PHONE)]
    await decide(store, PAGE, "p2", link(page, MAIL))
    await decide(store, PAGE, "p3", UnlinkIdentity(page.customer_id, "customer", ("sms",)))
    assert len(await store.identities(page)) == len(await store.identities(mail)) == 2
    await decide(store, PHONE, "s2", link(phone, MAIL), UnlinkIdentity(phone.customer_id, "customer", ("sms",)))
    assert len(await store.identities(phone)) == 1
    assert len(await store.identities(page)) == 2


@pytest.mark.parametrize(
    ("written", "ended"),
    [
        ("+49 30 123456", True),
        ("0049 (0)30 123456", True),
        ("030/123456", True),
        ("+49 30 999999", False),
        ("+49 30 12345", False),
    ],
)
async def test_a_number_that_is_named_is_the_only_one_whose_links_end(
    store: SqlStore, written: str, *, ended: bool
) -> None:
    other = replace(PHONE, external_id="+4930777777")
    page, phone, second = [await arrive(store, who, f"{who.external_id}1") for who in (PAGE, PHONE, other)]
    await decide(store, PAGE, "p2", link(page, PHONE), link(page, other))
    await decide(store, PAGE, "p3", UnlinkIdentity(page.customer_id, "customer", ("sms",), written))
    assert len(await store.identities(phone)) == (1 if ended else 3)
    assert len(await store.identities(second)) == len(await store.identities(page)) == (2 if ended else 3)


async def test_an_address_that_is_named_may_be_the_own_one(store: SqlStore) -> None:
    page, forged, phone = [await arrive(store, who, f"{place}") for place, who in enumerate((PAGE, FORGED, PHONE))]
    await decide(store, PAGE, "p2", link(page, MAIL), link(page, PHONE))
    own = UnlinkIdentity(forged.customer_id, "customer", ("email",), "Alice@Example.com")
    await decide(store, FORGED, "m2", own)
    assert len(await store.identities(page)) == 2
    await decide(store, PHONE, "s2", UnlinkIdentity(phone.customer_id, "customer", ("sms",), "+49 30 123456"))
    assert len(await store.identities(page)) == 1


async def test_who_forges_an_address_can_only_part_it(store: SqlStore) -> None:
    page, forged = await arrive(store, PAGE, "p1"), await arrive(store, FORGED, "m1")
    await decide(store, PAGE, "p2", link(page, MAIL))
    await decide(store, FORGED, "m2", UnlinkIdentity(forged.customer_id, "customer"))
    assert len(await store.identities(page)) == 1


async def test_the_code_that_was_typed_is_masked(store: SqlStore) -> None:
    page = await arrive(store, PAGE, "p1")
    (typed,) = await accept(store, wrote(PAGE, "p2", "482913"))
    state = await claim_one(store)
    await store.finish([outcome(state, cases=(link(page, PHONE, typed.message_id),))])
    assert [one.text for one in await store.messages(page.conversation_id)] == ["Hello", "Noted.", MASKED]


@BOTH_DATABASES
async def test_history_and_past_cases_follow_the_link(store: SqlStore, clock: ManualClock) -> None:
    page, mail = await arrive(store, PAGE, "p1", "From the page"), await arrive(store, MAIL, "m1", "From the mail")

    async def history() -> set[str]:
        found = await store.customer_messages(MAIL.channel, MAIL.account, MAIL.external_id, 10)
        return {one.text for one in found if one.text.startswith("From")}

    async def past() -> set[str]:
        customer = await store.customer(mail.conversation_id)
        assert customer is not None
        return {one.id for one in await store.past(customer, mail.conversation_id, offset=0, limit=10)}

    case = Case(f"{page.conversation_id}.1", page.conversation_id, 1, "A person", "customer", "normal", clock.now())
    await decide(store, PAGE, "p2", link(page, MAIL), OpenCase(case))
    assert await history() == {"From the page", "From the mail"}
    assert await past() == {page.conversation_id, mail.conversation_id}
    await decide(store, PAGE, "p3", UnlinkIdentity(page.customer_id, "customer"))
    assert await history() == {"From the mail"}
    assert await past() == {mail.conversation_id}


@BOTH_DATABASES
async def test_a_link_shows_nothing_of_what_staff_say_among_themselves(store: SqlStore) -> None:
    """One of the staff links her own page with the account from which she writes in case threads."""
    ann = Identity("slack", "T1", "U1", verified=True)
    page, direct = await arrive(store, PAGE, "p1", "From the page"), await arrive(store, ann, "d1", "A direct message")
    thread = ConversationKey("slack", "T1", "C0STAFF/1.1")
    for event, who in (("t1", ann), ("t2", replace(ann, external_id="U2"))):
        key = EventKey("slack", "T1", event)
        await accept(store, MessageReceived(key, thread, who, "She lies", SENT_AT, audience=Audience.STAFF))
        (state,) = await claim(store)
        await store.finish([outcome(state, answer("Noted for staff", author=Author.SYSTEM))])
    await decide(store, PAGE, "p2", link(page, ann))
    for who in (PAGE, ann):
        said = await store.customer_messages(who.channel, who.account, who.external_id, 10)
        assert {one.text for one in said} == {"From the page", "A direct message", "Hello"}
    assert await store.conversations_of(page) == await store.conversations_of(direct) == 2
    assert "She lies" not in await store.said_elsewhere(page, 10)
    assert "She lies" not in {one.text for one in await store.history_of(page, 10)}


@BOTH_DATABASES
@pytest.mark.soak
async def test_after_any_sequence_each_side_has_exactly_its_own(store: SqlStore, scale: Scale) -> None:
    """Random sequences of links, undone links and tickets, compared with groups that are counted by hand."""
    chance = random.Random(16)
    for round_ in range(scale.pick(small=30, full=200)):
        names = [f"{round_}-{letter}" for letter in "abcd"]
        people = [Identity(("web", "sms")[place % 2], "x", name) for place, name in enumerate(names)]
        holders = {name: Holder(name, "none", verified=True) for name in names}
        links: set[frozenset[str]] = set()
        own: dict[str, set[str]] = {name: set() for name in names}
        await store.database.write(_known(people))
        for step in range(chance.randint(3, 7)):
            name, other = chance.sample(names, 2)
            deed = chance.choice(("link", "link", "undo", "ticket"))
            if deed == "ticket":
                own[name].add(str(step))
                await open_ticket(store, holders[name], str(step))
            elif deed == "link":
                links.add(frozenset((name, other)))
                await store.decide([], [link(holders[name], people[names.index(other)])])
            else:
                links = {one for one in links if name not in one}
                await store.decide([], [UnlinkIdentity(name, "customer")])
        for name, holder in holders.items():
            group = _group(name, links)
            seen = sorted((one.customer_id, one.subject) for one in await store.tickets(holder, 100))
            assert seen == sorted((one, subject) for one in group for subject in own[one]), (round_, name)
            assert {one.address for one in await store.identities(holder)} == group


def _known(people: Sequence[Identity]) -> Callable[[Connection], None]:
    """The customers of these identities are called as they are."""
    rows = [
        {
            "channel": one.channel,
            "account": one.account,
            "external_id": one.external_id,
            "verified": False,
            "customer_id": one.external_id,
            "created_at": 0.0,
        }
        for one in people
    ]

    def add(connection: Connection) -> None:
        connection.execute(insert(identity), rows)

    return add


def _group(name: str, links: set[frozenset[str]]) -> set[str]:
    group, waiting = set(), [name]
    while waiting:
        one = waiting.pop()
        if one not in group:
            group.add(one)
            waiting += [other for pair in links if one in pair for other in pair]
    return group
