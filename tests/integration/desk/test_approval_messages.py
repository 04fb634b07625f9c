"""What a customer writes around an approval is answered: by staff, or by the agent that has the conversation again."""

from __future__ import annotations

import pytest

from core.domain.conversation import OwnershipState
from core.storage.store import SqlStore
from tests.contract.responders.world import call, say
from tests.contract.stores.manual_clock import ManualClock
from tests.integration.desk.approving import APPROVE, WISH, Office, Shop
from tests.integration.desk.conftest import BOTH_DATABASES


@BOTH_DATABASES
async def test_what_the_customer_wrote_while_the_agent_was_at_work_waits_for_staff(
    store: SqlStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(store, clock, Shop(), monkeypatch)
    office.script = [call("refund_order", '{"order": "A-4711"}'), say("I can pay it back.")]
    await office.accepts(office.from_customer(WISH))
    (turn,) = await store.claim(10, 5.0, history=60)
    clock.move(1)
    await office.accepts(office.from_customer("And when does the shop open?"))
    clock.move(1)
    await store.finish([await office.turn.run(turn)])
    await office.works()
    assert [one.text for one in await office.posts("said")][-1] == "And when does the shop open?"
    await office.presses(APPROVE)
    assert await office.states() == ["done"]
    assert (await office.conversation()).state is OwnershipState.QUEUED
