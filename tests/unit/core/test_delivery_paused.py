"""Lost credentials: what is queued waits for them, however long it takes, and gets its full time once they work again."""

from __future__ import annotations

from typing import Any

from core.domain.delivery import DeliveryStatus
from core.domain.errors import AuthFailed, Unreachable
from core.storage.store import SqlStore
from tests.contract.stores.manual_clock import ManualClock
from tests.contract.stores.sayings import answered
from tests.unit.core.eventually import eventually
from tests.unit.core.lanes import FAST, Running, status_of
from tests.unit.core.scripted_channel import ScriptedChannel

DAYS = 3 * FAST.give_up_after


async def test_nothing_is_dropped_however_long_the_pause_lasts(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    for number in range(3):
        await answered(store, f"m{number}", where=f"t{number}", event=f"e{number}")
    channel = ScriptedChannel(*[AuthFailed("token revoked")] * 1000)
    async with running(channel) as service:
        await eventually(lambda: service.statuses()[0].paused == "token revoked")
        await eventually(lambda: len(channel.sent) >= 5)
        clock.move(DAYS)
        tried = len(channel.sent)
        await eventually(lambda: len(channel.sent) >= tried + 4)
        assert await store.bury_stale(FAST.give_up_after) == 0
        channel.script.clear()
        await eventually(lambda: sorted(channel.arrived) == ["m0", "m1", "m2"])
    assert await store.dead_letters() == []


async def test_once_they_work_again_a_message_gets_its_full_time(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    await answered(store, "one", where="t1", event="e1")
    await answered(store, "two", where="t2", event="e2")
    channel = ScriptedChannel(*[AuthFailed("token revoked")] * 1000)
    async with running(channel) as service:
        await eventually(lambda: service.statuses()[0].paused is not None)
        clock.move(DAYS)
        channel.script = ["ok", Unreachable("503"), Unreachable("503")]
        await eventually(lambda: len(channel.arrived) == 1 and len(channel.script) < 2)
        assert await store.bury_stale(FAST.give_up_after) == 0

        def both_arrived() -> bool:
            clock.move(1.0)
            return len(channel.arrived) == 2

        await eventually(both_arrived)
    assert await store.dead_letters() == []


async def test_a_process_that_starts_anew_knows_of_the_pause(
    store: SqlStore, running: Running, clock: ManualClock, row: Any
) -> None:
    """Credentials are often mended by a new setting and a new start: the first hiccup after it must not cost a message."""
    await answered(store, "one")
    async with running(ScriptedChannel(*[AuthFailed("token revoked")] * 1000)) as service:
        await eventually(lambda: service.statuses()[0].paused is not None)
        await status_of(row, DeliveryStatus.DUE)
    tried = (await row()).attempts
    clock.move(DAYS)
    channel = ScriptedChannel(Unreachable("503"))
    async with running(channel):
        waiting = await status_of(row, DeliveryStatus.DUE, tried + 1)
        assert waiting.status == DeliveryStatus.DUE
        assert await store.bury_stale(FAST.give_up_after) == 0
        clock.move(600.0)
        await eventually(lambda: channel.arrived == ["one"])


async def test_after_the_pause_a_provider_that_stays_away_is_given_up(
    store: SqlStore, running: Running, clock: ManualClock
) -> None:
    await answered(store, "one", where="t1", event="e1")
    await answered(store, "two", where="t2", event="e2")
    channel = ScriptedChannel(AuthFailed("token revoked"), AuthFailed("token revoked"), "ok")
    channel.script += [Unreachable("503")] * 1000
    async with running(channel):
        await eventually(lambda: len(channel.arrived) == 1)

        async def settled() -> bool:
            return not await store.lane_paused("web", "main")

        await eventually(settled)
        clock.move(FAST.give_up_after + 60.0)

        async def buried() -> bool:
            clock.move(60.0)
            return len(await store.dead_letters()) == 1

        await eventually(buried)
