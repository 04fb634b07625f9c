"""What channels remember, and leases of work that one process at a time may do."""

from __future__ import annotations

import asyncio

from config.processes.sweep import forget_unused
from core.storage.store import SqlStore
from tests.contract.conftest import BOTH_DATABASES
from tests.contract.stores.conftest import OpenStore
from tests.contract.stores.manual_clock import ManualClock

pytestmark = BOTH_DATABASES

PLACE = ("telegram", "bot")
DAY = 86_400.0


async def test_what_was_remembered_is_recalled_by_any_process(store: SqlStore, open_store: OpenStore) -> None:
    await store.remember(*PLACE, "offset", "7")
    await store.remember(*PLACE, "offset", "8")
    other = await open_store()
    assert await other.recall(*PLACE, "offset") == "8"
    assert await other.recall("telegram", "another bot", "offset") is None
    await other.forget(*PLACE, "offset")
    assert await store.recall(*PLACE, "offset") is None


async def test_what_somebody_wrote_anew_is_not_forgotten_with_the_old(store: SqlStore) -> None:
    await store.remember(*PLACE, "install/T1", "old")
    await store.remember(*PLACE, "install/T1", "new")
    await store.forget(*PLACE, "install/T1", old="old")
    assert await store.recall(*PLACE, "install/T1") == "new"
    await store.forget(*PLACE, "install/T1", old="new")
    assert await store.recall(*PLACE, "install/T1") is None


async def test_many_at_once_and_all_of_a_kind(store: SqlStore) -> None:
    for key in ("uid/b", "uid/a", "uid_c", "opt-out/+1"):
        await store.remember(*PLACE, key, key.upper())
    assert await store.recall_many(*PLACE, ["uid/a", "nothing"]) == {"uid/a": "UID/A"}
    assert list((await store.recall_all(*PLACE, "uid/")).items()) == [("uid/a", "UID/A"), ("uid/b", "UID/B")]
    assert list(await store.recall_all(*PLACE, "", limit=2)) == ["opt-out/+1", "uid/a"]
    assert await store.recall_all(*PLACE, "UID/") == {}


async def test_what_was_not_used_for_long_is_forgotten_and_nothing_else(store: SqlStore, clock: ManualClock) -> None:
    for account in ("bot", "former bot"):
        for key in ("album/1", "album/2", "blocked/1"):
            await store.remember("telegram", account, key, "x")
    await store.remember("sms", "bot", "album/1", "another channel's")
    clock.move(5 * DAY)
    assert await store.recall(*PLACE, "album/2") == "x"
    clock.move(3 * DAY)
    await store.remember(*PLACE, "album/3", "new")
    assert await forget_unused(store, "telegram", {"album/": 7 * DAY}, rows=2) == 3
    assert list(await store.recall_all(*PLACE, "")) == ["album/2", "album/3", "blocked/1"], "what is used stays"
    assert list(await store.recall_all("telegram", "former bot", "")) == ["blocked/1"]
    assert await store.recall("sms", "bot", "album/1") is not None
    assert await forget_unused(store, "telegram", {"album/": 7 * DAY}, rows=2) == 0


async def test_of_those_who_replace_the_same_value_one_wins(store: SqlStore, open_store: OpenStore) -> None:
    other = await open_store()
    assert sorted(
        await asyncio.gather(store.replace(*PLACE, "owner", None, "one"), other.replace(*PLACE, "owner", None, "two"))
    ) == [False, True]
    now = await store.recall(*PLACE, "owner")
    assert now is not None
    assert sorted(
        await asyncio.gather(*(who.replace(*PLACE, "owner", now, f"{now}{n}") for n, who in enumerate((store, other))))
    ) == [False, True]
    assert await store.replace(*PLACE, "unknown", "something", "new") is False


async def test_a_lease_is_one_holders_until_it_ends(store: SqlStore, clock: ManualClock) -> None:
    assert await store.hold("mailbox", "first", 10)
    assert not await store.hold("mailbox", "second", 10)
    assert await store.hold("another", "second", 10)
    clock.move(9)
    assert await store.hold("mailbox", "first", 10), "its holder keeps it"
    clock.move(9)
    assert not await store.hold("mailbox", "second", 10)
    clock.move(1)
    assert await store.hold("mailbox", "second", 10)
    await store.let_go("mailbox", "first")
    assert not await store.hold("mailbox", "first", 10), "only its holder can give it back"
    await store.let_go("mailbox", "second")
    assert await store.hold("mailbox", "first", 10)


async def test_of_many_who_want_a_free_lease_one_gets_it(open_store: OpenStore) -> None:
    stores = [await open_store() for _ in range(3)]
    won = await asyncio.gather(*(one.hold("mailbox", f"h{n}", 10) for n, one in enumerate(stores)))
    assert sorted(won) == [False, False, True]
