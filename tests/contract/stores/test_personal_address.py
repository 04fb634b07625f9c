"""An address leads to one customer. One that several have, whom no code links, is refused with the name of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.domain.customer import Identity
from core.ports.outcomes import LinkIdentity
from core.storage.personal_scope import SeveralCustomersError
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.sayings import accept, answer, claim_one, outcome
from tests.contract.stores.test_personal import MAIL, PHONE, erase, full_life, where_found, wrote

pytestmark = BOTH_DATABASES


async def test_an_id_in_two_accounts_is_two_people(store: SqlStore) -> None:
    await full_life(store)
    one, two = (Identity("slack", account, "U0ABCDEF", verified=True) for account in ("W1", "W2"))
    await accept(store, wrote(one, "w1", "FIRST"), wrote(two, "w2", "SECOND"))
    names = ["slack:W1:U0ABCDEF:verified", "slack:W2:U0ABCDEF:verified"]
    for address in ("U0ABCDEF", "slack:U0ABCDEF"):
        for asked in (erase(store, address), store.export_customer(address, only=True)):
            with pytest.raises(SeveralCustomersError) as refused:
                await asked
            assert refused.value.names == names
    assert "FIRST" not in str(await store.export_customer(names[1], only=False))
    await erase(store, "slack:W1:U0ABCDEF")
    assert not await where_found(store, "FIRST")
    assert await where_found(store, "SECOND")
    await erase(store, "U0ABCDEF")
    assert not await where_found(store, "SECOND")


async def test_who_forged_an_address_is_named_and_not_merged_in(store: SqlStore) -> None:
    forged = replace(MAIL, verified=False)
    await accept(store, wrote(MAIL, "m1", "GENUINE"), wrote(forged, "m2", "FORGED", where="elsewhere"))
    place = f"email:help@example.com:{MAIL.external_id}"
    with pytest.raises(SeveralCustomersError) as refused:
        await erase(store, MAIL.external_id)
    assert sorted(refused.value.names) == [f"{place}:unverified", f"{place}:verified"]
    assert "FORGED" not in str(await store.export_customer(f"{place}:verified", only=False))
    await erase(store, f"{place}:verified")
    assert not await where_found(store, "GENUINE")
    assert await where_found(store, "FORGED")


async def test_linked_customers_of_one_address_are_one_person(store: SqlStore) -> None:
    """A code that was sent to an address links it; with ``only``, its two accounts are asked for one by one."""
    elsewhere = replace(PHONE, account="AC2")
    await accept(store, wrote(PHONE, "s1"))
    state = await claim_one(store)
    link = LinkIdentity(state.conversation.id, state.customer.id, elsewhere, "")
    await store.finish([replace(outcome(state, answer("Linked")), cases=(link,))])
    with pytest.raises(SeveralCustomersError):
        await erase(store, only=True)
    await erase(store)
    assert await where_found(store) == set()


async def test_a_mail_address_is_found_in_whatever_letters(store: SqlStore) -> None:
    await accept(store, wrote(replace(MAIL, external_id="alice@example.com"), "m1"))
    for address in (
        "Alice@Example.com",
        "email:ALICE@example.com",
        "Email:Help@example.com:Alice@example.com:verified",
    ):
        assert await store.export_customer(address, only=False), address
    for address in ("lice@example.com", "sms:alice@example.com", "email:alice@example.com:unverified", ":", ""):
        assert not await store.export_customer(address, only=False), address
    assert (await erase(store, "Alice@Example.com")).conversations == 1


async def test_an_id_with_colons_is_found(store: SqlStore) -> None:
    await accept(store, wrote(Identity("web", "main", "user:a:verified", verified=True), "w1"))
    for address in ("user:a:verified", "web:user:a:verified", "web:main:user:a:verified:verified"):
        assert await store.export_customer(address, only=False), address
