"""What is remembered of customers, on both databases: for them alone, once, and not longer than they want."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, delete, select, update

from core.domain.customer import Identity
from core.domain.memory import Fact, FactKind, Key
from core.domain.messages import Author, Message
from core.ports.memories import Learned, Unremembered
from core.ports.outcomes import LinkIdentity, UnlinkIdentity
from core.ports.retention import Expiring
from core.ports.store import TurnState
from core.ports.tickets import Holder
from core.storage.links import MASKED
from core.storage.store import SqlStore
from core.storage.tables import conversation, customer, message
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import accept, answer, claim, deleted, edited, outcome, said
from tests.scale import Scale

REST = 600.0
DAY = 86_400.0
ALICE = Identity("web", "main", "user:alice", "Alice", verified=True)


def fact(message: Message, text: str, kind: FactKind = FactKind.NAME, subject: str = "", importance: int = 3) -> Fact:
    at = message.created_at
    return Fact(kind, subject, text, importance, message.conversation_id, message.id, at, at)


async def tell(store: SqlStore, event: str, text: str = "Hello", *, where: str = "t1", **fields: Any) -> TurnState:
    """They write and are answered. The turn as it was claimed."""
    await accept(store, said(event, text, where=where, **fields))
    (state,) = await claim(store)
    (finished,) = await store.finish([outcome(state, answer("Noted."))])
    assert finished.held
    return state


def holder(state: TurnState) -> Holder:
    return Holder.of(state.customer, state.conversation.id, private=state.is_private)


async def parts(store: SqlStore, rest: float = REST) -> list[Unremembered]:
    return list(await store.unremembered(rest, after=None, limit=10))


async def learn(store: SqlStore, clock: ManualClock, *texts: str, kind: FactKind = FactKind.NAME) -> Unremembered:
    """The only conversation rests, and these facts are found in its newest message of the customer."""
    clock.move(REST + 1)
    (part,) = await parts(store)
    newest = [one for one in part.messages if one.author is Author.CUSTOMER][-1]
    assert await store.keep_learned(part, Learned([fact(newest, text, kind, text) for text in texts]))
    return part


async def known(store: SqlStore, state: TurnState) -> set[str]:
    return {one.text for one in await store.facts_of(holder(state))}


async def test_a_conversation_is_read_once_when_it_rests(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "My name is Alice")
    assert await parts(store) == []
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert [one.text for one in part.messages if one.author is Author.CUSTOMER] == ["My name is Alice"]
    assert await store.keep_learned(part, Learned(summary="They said who they are."))
    assert await parts(store) == []
    state = await tell(store, "e2", "And now?")
    assert state.conversation.summary == "They said who they are."


@BOTH_DATABASES
async def test_two_processes_that_read_the_same_keep_it_once(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    clock.move(REST + 1)
    (part,) = await parts(store)
    found = Learned([fact(part.messages[0], "Alice")], summary="Once.")
    kept = await asyncio.gather(*(store.keep_learned(part, found) for _ in range(4)))
    assert sorted(kept) == [False, False, False, True]
    assert await known(store, state) == {"Alice"}


async def test_much_that_is_said_without_a_rest_is_read_in_parts(store: SqlStore) -> None:
    for number in range(25):
        await tell(store, f"e{number}", f"Message {number}")
    (part,) = await parts(store)
    assert len(part.messages) < 50
    assert await store.keep_learned(part, Learned(summary="The first."))
    assert await parts(store) == [], "few are left, and the conversation does not rest"


async def test_a_name_is_known_in_the_next_conversation_of_who_is_proven(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "My name is Alice", who=ALICE)
    await learn(store, clock, "Alice")
    again = await tell(store, "e2", where="t2", who=ALICE)
    assert [one.text for one in again.customer.facts] == ["Alice"]
    claimed = await tell(store, "e3", "I am Alice", where="t3", who=replace(ALICE, verified=False))
    assert claimed.customer.facts == ()
    assert await known(store, claimed) == set()


async def test_who_has_proven_nothing_is_known_in_that_conversation_alone(store: SqlStore, clock: ManualClock) -> None:
    who = Identity("sms", "AC1", "+4930123456")
    await tell(store, "e1", "My name is Alice", who=who)
    await learn(store, clock, "Alice")
    assert [one.text for one in (await tell(store, "e2", who=who)).customer.facts] == ["Alice"]
    elsewhere = await tell(store, "e3", where="t2", who=who)
    assert elsewhere.customer.facts == ()
    assert await store.facts_of(holder(elsewhere)) == []
    assert "My name is Alice" not in [one.text for one in await store.history_of(holder(elsewhere), 10)]


async def test_where_others_read_along_nothing_is_learned_or_known(store: SqlStore, clock: ManualClock) -> None:
    await tell(store, "e1", "My name is Alice", who=ALICE)
    await learn(store, clock, "Alice")
    state = await tell(store, "e2", "My address is 1 Main Street", where="group", who=ALICE, shared=True)
    assert state.customer.facts == ()
    assert await known(store, state) == set()
    await store.keep_fact(holder(state), fact(state.pending[0], "In a group"))
    assert await known(store, await tell(store, "e3", where="t1", who=ALICE)) == {"Alice"}
    clock.move(REST + 1)
    assert all("address" not in one.text for part in await parts(store) for one in part.messages)
    assert await store.history_of(holder(state), 10) == []


async def test_a_link_shows_the_facts_and_undoing_it_parts_them(store: SqlStore, clock: ManualClock) -> None:
    phone, mail = Identity("sms", "AC1", "+4930123456"), Identity("email", "help@x", "a@example.com", verified=True)
    page = await tell(store, "e1", "My name is Alice")
    await learn(store, clock, "Alice")
    text = await tell(store, "e2", where="s1", who=phone)
    letter = await tell(store, "e3", where="m1", who=mail)
    assert text.customer.facts == ()
    await store.decide([], [LinkIdentity(page.conversation.id, page.customer.id, phone, "")])
    await store.decide([], [LinkIdentity(text.conversation.id, text.customer.id, mail, "")])
    for event, where, who in (("e4", "s1", phone), ("e5", "m1", mail)):
        state = await tell(store, event, where=where, who=who)
        assert [one.text for one in state.customer.facts] == ["Alice"]
        assert await known(store, state) == {"Alice"}
    assert "My name is Alice" in [one.text for one in await store.history_of(holder(text), 20)]
    await store.keep_fact(holder(text), fact(text.pending[0], "Only mornings", FactKind.PREFERENCE, "time"))
    assert await known(store, page) == {"Alice", "Only mornings"}
    await store.decide([], [UnlinkIdentity(page.customer.id, "customer")])
    assert (await tell(store, "e6", where="s1", who=phone)).customer.facts[0].text == "Only mornings"
    assert await known(store, page) == {"Alice"}
    assert await known(store, letter) == {"Only mornings"}


async def test_a_correction_replaces_what_was_said_before(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    await learn(store, clock, "Alice")
    await tell(store, "e2", "My name is not Alice, it is Alicia")
    await learn(store, clock, "Alicia")
    assert await known(store, state) == {"Alicia"}


@pytest.mark.parametrize("keys", [None, {("name", "")}])
async def test_what_was_forgotten_is_not_learned_again(
    store: SqlStore, clock: ManualClock, keys: set[Key] | None
) -> None:
    state = await tell(store, "e1", "My name is Alice")
    clock.move(REST + 1)
    (part,) = await parts(store)
    await store.keep_fact(holder(state), fact(state.pending[0], "Alice"))
    assert await store.forget_facts(holder(state), keys, clock.now()) == 1
    assert not await store.keep_learned(part, Learned([fact(part.messages[0], "Alice")], summary="Alice wrote."))
    (rest,) = await parts(store)
    assert bool(rest.messages) is (keys is not None), "of what was named alone the rest is read"
    assert await store.keep_learned(rest, Learned([fact(part.messages[0], "Alice")]))
    assert await known(store, state) == set()
    clock.move(1)
    later = await tell(store, "e2", "I am Alice after all")
    await store.keep_fact(holder(later), fact(later.pending[0], "Alice"))
    assert await known(store, state) == {"Alice"}


@BOTH_DATABASES
async def test_only_what_is_named_is_forgotten(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice, and I live in Porto")
    await learn(store, clock, "Alice")
    await store.keep_fact(holder(state), fact(state.pending[0], "Lives in Porto", FactKind.FACT, "city"))
    assert await store.forget_facts(holder(state), {("name", "")}, clock.now()) == 1
    assert await known(store, state) == {"Lives in Porto"}


@pytest.mark.parametrize("change", [deleted("e9", "e1"), edited("e9", "e1", "My name is nobody's business")])
async def test_a_message_that_is_taken_back_takes_its_facts_along(
    store: SqlStore, clock: ManualClock, change: object
) -> None:
    state = await tell(store, "e1", "My name is Alice")
    await tell(store, "e2", "I live in Porto")
    clock.move(REST + 1)
    (part,) = await parts(store)
    facts = [fact(one, one.text, FactKind.FACT, one.text) for one in part.messages if one.author is Author.CUSTOMER]
    assert await store.keep_learned(part, Learned(facts, summary="Alice lives in Porto."))
    await accept(store, change)
    assert await known(store, state) == {"I live in Porto"}
    clock.move(REST + 1)
    (again,) = await parts(store)
    assert again.summary is None
    assert "My name is Alice" not in [one.text for one in again.messages]


async def test_a_message_that_is_taken_back_meanwhile_is_not_learned_from(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    clock.move(REST + 1)
    (part,) = await parts(store)
    await accept(store, deleted("e9", "e1"))
    assert not await store.keep_learned(part, Learned([fact(part.messages[0], "Alice")], summary="Alice."))
    assert await known(store, state) == set()


async def test_a_fact_of_a_message_that_was_taken_back_meanwhile_is_not_kept(store: SqlStore) -> None:
    state = await tell(store, "e1", "My name is Alice")
    await accept(store, deleted("e9", "e1"))
    await store.keep_fact(holder(state), fact(state.pending[0], "Alice"))
    assert await known(store, state) == set()


async def test_codes_and_what_is_not_sent_yet_are_not_read(store: SqlStore, clock: ManualClock) -> None:
    page = await tell(store, "e1", "123 456")
    phone = Identity("sms", "AC1", "+4930123456")
    code = LinkIdentity(page.conversation.id, page.customer.id, phone, page.pending[0].id)
    await store.decide([], [code])
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert [one.text for one in part.messages] == []
    assert MASKED not in [one.text for one in await store.history_of(holder(page), 9)]


async def test_two_hundred_facts_are_kept_the_important_ones_first(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1")
    for number in range(210):
        clock.move(1)
        one = fact(state.pending[0], f"Fact {number}", FactKind.FACT, f"s{number}", importance=5 if number < 5 else 2)
        await store.keep_fact(holder(state), replace(one, used_at=clock.now()))
    found = await known(store, state)
    assert len(found) == 200
    assert {f"Fact {number}" for number in (0, 4, 209)} <= found
    assert "Fact 5" not in found


@BOTH_DATABASES
async def test_facts_that_nobody_needs_go_after_a_time(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    await learn(store, clock, "Alice", "Alice Miller", kind=FactKind.FACT)
    clock.move(50 * DAY)
    await tell(store, "e2", "It is Alice")
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert await store.keep_learned(part, Learned(used=[("fact", "alice")]))
    clock.move(60 * DAY)
    page = await store.remove_expired(Expiring.FACTS, 90 * DAY, after=None, limit=10)
    assert (page.removed, page.upto) == (1, None)
    assert await known(store, state) == {"Alice"}


@BOTH_DATABASES
async def test_a_customer_who_is_erased_is_remembered_no_more(store: SqlStore, clock: ManualClock) -> None:
    state = await tell(store, "e1", "My name is Alice")
    part = await learn(store, clock, "Alice")
    await store.erase_customer(state.customer.external_id, lambda _: (), lambda note, _: note, "operator", only=True)
    assert await parts(store) == []
    assert not await store.keep_learned(part, Learned([fact(part.messages[0], "Alice")]))
    for gone in (delete(customer), delete(conversation)):
        await store.database.write(partial(Connection.execute, statement=gone))
        assert not await store.keep_learned(part, Learned([fact(part.messages[0], "Alice")]))


@pytest.mark.soak
async def test_two_customers_never_meet_in_random_steps(store: SqlStore, clock: ManualClock, scale: Scale) -> None:
    chance = random.Random(16)
    people = {name: replace(ALICE, external_id=f"user:{name}") for name in ("alice", "bob")}
    for step in range(scale.pick(small=50, full=200)):
        name = chance.choice(["alice", "bob"])
        state = await tell(store, f"e{step}", f"{name} writes {step}", where=f"{name}{step % 3}", who=people[name])
        mine = holder(state)
        assert all(one.text.startswith(name) for one in state.customer.facts)
        match chance.randrange(4):
            case 0:
                await store.keep_fact(mine, fact(state.pending[0], f"{name} {step}", FactKind.FACT, f"s{step % 7}"))
            case 1:
                assert all(one.text.startswith(name) for one in await store.facts_of(mine))
            case 2:
                found = await store.history_of(mine, 50)
                assert all(one.text.startswith(name) or one.by != Author.CUSTOMER for one in found)
            case _:
                await store.forget_facts(mine, {("fact", f"s{chance.randrange(7)}")}, clock.now())
                clock.move(1)


@pytest.mark.parametrize("damaged", ["{", "[]", '{"facts": 7}', '{"facts": {}}', '{"forgotten_until": "x"}'])
async def test_what_cannot_be_read_keeps_nobody_from_an_answer(
    store: SqlStore, clock: ManualClock, damaged: str
) -> None:
    await tell(store, "e1", "My name is Alice")
    await set_memory(store, damaged)
    state = await tell(store, "e2", "It is Alice")
    assert state.customer.facts == ()
    await learn(store, clock, "Alice")
    await store.keep_fact(holder(state), fact(state.pending[0], "Alice"))
    assert await memory_of(store) == damaged
    assert await parts(store) == []
    await store.forget_facts(holder(state), None, clock.now())
    await store.keep_fact(holder(state), fact(state.pending[0], "Alice"))
    assert await known(store, state) == {"Alice"}


@pytest.mark.parametrize("unread", [1, {"kind": "hobby"}, {"kind": "name", "taste": "sweet"}])
async def test_one_fact_that_cannot_be_read_costs_no_other(store: SqlStore, clock: ManualClock, unread: object) -> None:
    state = await tell(store, "e1", "My name is Alice")
    await learn(store, clock, "Alice")
    await store.forget_facts(holder(state), {(FactKind.FACT, "hobby")}, clock.now())
    kept = json.loads(await memory_of(store))
    await set_memory(store, json.dumps({**kept, "facts": [unread, *kept["facts"]], "version": 2}))
    clock.move(1)
    later = await tell(store, "e2", "I live in Porto")
    assert [one.text for one in later.customer.facts] == ["Alice"]
    await learn(store, clock, "Porto", kind=FactKind.FACT)
    await store.keep_fact(holder(later), fact(later.pending[0], "A boat", FactKind.FACT, "boat"))
    assert await known(store, state) == {"Alice", "Porto", "A boat"}
    now = json.loads(await memory_of(store))
    assert unread in now["facts"]
    assert (now["version"], now["forgotten"]) == (2, kept["forgotten"])
    await store.forget_facts(holder(state), None, clock.now())
    assert "facts" not in json.loads(await memory_of(store))


@BOTH_DATABASES
async def test_a_fact_that_cannot_be_read_goes_with_its_message(store: SqlStore) -> None:
    state = await tell(store, "e1", "My name is Alice")
    mine, other = {"kind": "hobby", "message_id": state.pending[0].id}, {"kind": "hobby", "message_id": "m0"}
    await set_memory(store, json.dumps({"facts": [mine, other]}))
    await accept(store, deleted("e9", "e1"))
    assert json.loads(await memory_of(store))["facts"] == [other]


async def set_memory(store: SqlStore, text: str) -> None:
    await store.database.write(lambda connection: connection.execute(update(customer).values(memory=text)))


async def memory_of(store: SqlStore) -> str:
    return str(await store.database.read(lambda connection: connection.scalar(select(customer.c.memory))))


@BOTH_DATABASES
@pytest.mark.parametrize("damaged", ["{", '{"alters":{"how":"burn"}}'])
async def test_a_message_that_cannot_be_read_is_passed_over(store: SqlStore, clock: ManualClock, damaged: str) -> None:
    state = await tell(store, "e1", "My name is Alice")
    spoilt = update(message).values(meta=damaged)
    await store.database.write(lambda connection: connection.execute(spoilt))
    await store.database.write(lambda connection: connection.execute(update(conversation).values(done_seq=2)))
    await accept(store, said("e2", "I live in Porto"))
    await store.database.write(lambda connection: connection.execute(update(conversation).values(done_seq=3)))
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert [one.text for one in part.messages] == ["I live in Porto"]
    assert [one.text for one in await store.history_of(holder(state), 9)] == ["I live in Porto"]
    assert await store.keep_learned(part, Learned())
    assert await parts(store) == []


@pytest.mark.parametrize(
    ("who", "group"),
    [
        (Identity("email", "main", "ann@X.example", verified=True), "domain:x.example"),
        (Identity("email", "main", "ann@x.example", verified=False), "unproven:email"),
        (ALICE, ""),
    ],
)
async def test_addresses_of_a_domain_share_a_budget(
    store: SqlStore, clock: ManualClock, who: Identity, group: str
) -> None:
    await tell(store, "e1", who=who)
    clock.move(REST + 1)
    (part,) = await parts(store)
    assert part.group == group
