"""What a customer confirmed is erased by the hub's own loop, once and whole, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Connection

from config.processes.erasing import Erasing
from core.attachments.file_store import FileStore
from core.domain.case import Case, feed
from core.domain.customer import Identity
from core.domain.messages import Author
from core.ports.outcomes import CrossConversationWrite, EraseCustomer, LinkIdentity, OpenCase
from core.ports.store import TurnOutcome
from core.ports.tickets import Holder
from core.storage import personal
from core.storage.personal_scope import Person, PersonalScope
from core.storage.store import SqlStore
from handoff.texts import say
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import ACCOUNT, CHANNEL, LEASE, SENT_AT, accept, answer, claim_one, outcome
from tests.contract.stores.test_links import arrive, decide, link
from tests.contract.stores.test_personal import MAIL, MARK, PHONE, everything, settled, where_found, wrote

pytestmark = BOTH_DATABASES

PAGE = Identity(CHANNEL, ACCOUNT, "anon:alice", MARK)
PAUSE = 5.0


def loop(store: SqlStore, folder: Path) -> Erasing:
    return Erasing(store, FileStore(folder), "en", pause=PAUSE)


async def confirm(store: SqlStore, who: Identity, event: str, *, proven: bool) -> Holder:
    """They say yes, and are answered."""
    await accept(store, wrote(who, event, f"yes, {MARK}"))
    state = await claim_one(store)
    record = EraseCustomer(state.conversation.id, state.customer.id, proven=proven)
    (finished,) = await store.finish([outcome(state, answer(f"Erased now, {MARK}."), cases=[record])])
    assert finished.held
    return Holder.of(state.customer, state.conversation.id)


async def deliver(store: SqlStore, who: Identity) -> list[str]:
    sent = await store.claim_deliveries(who.channel, who.account, 10, LEASE)
    for place, delivery in enumerate(sent):
        await store.settle([settled(delivery, f"p{place}")])
    return [one.message.text for one in sent]


async def test_the_answer_is_delivered_first_and_then_everything_goes_once(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    await confirm(store, MAIL, "m1", proven=True)
    clock.move(PAUSE + 1)
    assert await loop(store, tmp_path).once() == 0, "the answer waits to be sent"
    assert await deliver(store, MAIL) == [f"Erased now, {MARK}."]
    assert await loop(store, tmp_path).once() == 1
    assert await where_found(store) == set()
    assert (await everything(store))["channel_memory"] == []
    assert await loop(store, tmp_path).once() == 0


async def test_an_answer_that_cannot_be_delivered_does_not_keep_the_data_for_ever(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    await confirm(store, MAIL, "m1", proven=True)
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    assert await where_found(store) == set()
    assert await deliver(store, MAIL) == []


async def test_it_waits_a_moment_for_a_page_that_is_just_away(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    await confirm(store, MAIL, "m1", proven=True)
    await deliver(store, MAIL)
    assert await loop(store, tmp_path).once() == 0
    clock.move(PAUSE)
    assert await loop(store, tmp_path).once() == 1


async def test_what_is_cut_off_is_done_by_the_next(
    open_store: OpenStore, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()
    await confirm(store, MAIL, "m1", proven=True)
    await deliver(store, MAIL)
    clock.move(PAUSE)
    before = await where_found(store)
    with monkeypatch.context() as broken:
        broken.setattr(personal, "_leave_threads", lambda *_: 1 / 0)
        assert await loop(store, tmp_path).once() == 0
    assert await where_found(store) == before
    other = await open_store()
    done = await asyncio.gather(loop(store, tmp_path).once(), loop(other, tmp_path).once())
    assert sum(done) == 1
    assert await where_found(store) == set()


async def test_an_erasure_that_fails_keeps_no_other_customer_waiting(
    store: SqlStore, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, who in enumerate((MAIL, PHONE)):
        await confirm(store, who, f"m{place}", proven=True)
    clock.move(601)
    first, _ = await store.due_erasures(PAUSE, 600)
    find_scope = personal.find_scope

    def failing(connection: Connection, person: Person) -> PersonalScope:
        if first in person.ids:
            raise ValueError("cannot be read")
        return find_scope(connection, person)

    with monkeypatch.context() as broken:
        broken.setattr(personal, "find_scope", failing)
        assert await loop(store, tmp_path).once() == 1
    assert [row["customer_id"] for row in (await everything(store))["identity"]] == [first]
    assert await loop(store, tmp_path).once() == 1


async def test_linked_identities_go_with_one_that_is_proven(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    phone = await arrive(store, PHONE, "s1", f"Alice {MARK}")
    page = await arrive(store, PAGE, "p1", f"Alice {MARK}")
    assert phone.customer_id != page.customer_id
    await decide(store, PAGE, "p2", link(page, PHONE))
    await confirm(store, PHONE, "s2", proven=True)
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    assert await where_found(store) == set()
    assert (await everything(store))["identity"] == []


async def test_who_typed_the_code_there_has_proven_both(store: SqlStore, clock: ManualClock, tmp_path: Path) -> None:
    page = await arrive(store, PAGE, "p1", f"Alice {MARK}")
    await accept(store, wrote(PAGE, "p2"))
    state = await claim_one(store)
    linked = LinkIdentity(state.conversation.id, page.customer_id, PHONE, "")
    erased = EraseCustomer(state.conversation.id, page.customer_id, proven=False)
    await store.finish([outcome(state, answer("Linked."), cases=[linked, erased])])
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    assert (await everything(store))["identity"] == []


async def test_one_that_is_not_proven_goes_alone(store: SqlStore, clock: ManualClock, tmp_path: Path) -> None:
    page = await arrive(store, PAGE, "p1", f"Alice {MARK}")
    await arrive(store, PHONE, "s1", "by phone")
    await decide(store, PAGE, "p2", link(page, PHONE))
    await confirm(store, PHONE, "s2", proven=False)
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    tables = await everything(store)
    assert [row["customer_id"] for row in tables["identity"]] == [page.customer_id]
    assert tables["identity_link"] == []
    assert not any("by phone" in row["text"] for row in tables["message"])


async def test_staff_of_an_open_case_read_that_the_customer_wanted_it(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    await accept(store, wrote(MAIL, "m0"))
    state = await claim_one(store)
    home = state.conversation.id
    case = Case(Case.named(home, 1), home, 1, f"{MARK} wants a refund", "customer", "normal", SENT_AT)
    card = answer(f"Card of {MARK}", author=Author.SYSTEM)
    record = EraseCustomer(home, state.customer.id, proven=True)
    done = TurnOutcome(
        state.claim,
        1,
        cross_writes=(CrossConversationWrite(feed("main", case.id), (card,)),),
        cases=(OpenCase(case), record),
    )
    await store.finish([done])
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    assert len(await store.claim_deliveries("desk", "main", 10, LEASE)) == 1
    assert (await everything(store))["message"][-1]["text"] == say("staff_erased_by_customer", "en")
    assert await store.open_case(home) is None
    assert await where_found(store) == set()


async def test_who_was_erased_by_an_operator_meanwhile_leaves_no_note(
    store: SqlStore, clock: ManualClock, tmp_path: Path
) -> None:
    await confirm(store, MAIL, "m1", proven=True)
    await store.erase_customer(MAIL.external_id, lambda _: (), lambda note, _: note, "operator", only=False)
    clock.move(601)
    assert await loop(store, tmp_path).once() == 1
    assert (await everything(store))["channel_memory"] == []
