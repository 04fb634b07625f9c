"""The hub's own delivery in front of a Twilio that fails in every way it knows: each answer arrives once, and in order."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from config.simulation.twilio_fake import SID
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.domain.messages import Author, MessageKind
from core.ports.metrics import NoMetrics
from core.ports.store import NewMessage, TurnOutcome
from core.storage.wake_local import LocalWake
from tests.integration.sms_channel.rig import Rig, running
from tests.patience import PATIENCE

CUSTOMERS = [f"+1555222{number:04d}" for number in range(6)]
ANSWERS = 3
QUICK = DeliverySettings(poll=0.05, retry_first=0.05, retry_cap=0.2, pause_cap=0.1)


async def _answer(rig: Rig) -> None:
    """Every customer is owed the same few words, so that only their order and number can tell them apart."""
    for customer in CUSTOMERS:
        await rig.hear("Hello", by=customer)
    turns = await rig.store.claim(len(CUSTOMERS), 5.0, history=10)
    assert len(turns) == len(CUSTOMERS)
    said = [NewMessage(Author.AGENT, text, MessageKind.ANSWER, turn_id="t1") for text in ("One", "Same", "Same")]
    await rig.store.finish([TurnOutcome(turn.claim, handled_seq=1, messages=tuple(said)) for turn in turns])


@pytest.mark.parametrize("seed", [1, 2])
async def test_faults_lose_nothing_double_nothing_and_keep_the_order(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with running(tmp_path, real_time=True, messages_per_second=200.0, settle=1.0, request_timeout=3.0) as rig:
        await _answer(rig)
        faults = ["", "429", "500", "503", "lost answer", "proxy", "slow"]
        rig.twilio.faults.extend(chance.choice(faults) for _ in range(20))
        delivery = DeliveryService([rig.channel], rig.store, LocalWake(), SystemClock(), NoMetrics(), QUICK)
        await delivery.start()
        try:
            async with asyncio.timeout(PATIENCE):
                await rig.twilio.until_sent(len(CUSTOMERS) * ANSWERS)
        finally:
            await delivery.stop(5.0)
        assert not rig.twilio.faults
        assert [rig.twilio.sent(customer) for customer in CUSTOMERS] == [["One", "Same", "Same"]] * len(CUSTOMERS)
        assert await rig.store.claim_deliveries("sms", SID, 10, 5.0) == []
