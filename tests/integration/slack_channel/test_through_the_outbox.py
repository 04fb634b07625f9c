"""Event to store to outbox to Slack, while Slack misbehaves: each answer is shown once, and in order."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from channels.slack.adapter import SlackChannel
from config.simulation.slack_fake import SlackFake
from config.simulation.slack_world import BOT, PUBLIC, Fault
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.domain.messages import Author, MessageKind
from core.ports.metrics import NoMetrics
from core.ports.store import NewMessage, TurnOutcome
from core.storage.store import SqlStore
from core.storage.wake_local import LocalWake
from tests.integration.slack_channel.test_receive import StoreSink
from tests.integration.slack_channel.world import Hub, give_up_soon, serving, settings, surroundings

THREADS = 12
FAULTS = (
    Fault(drop=True, written=True),
    Fault(status=503),
    Fault(silent=True, written=True),
    Fault(error="service_unavailable"),
    Fault(drop=True),
    Fault(error="internal_error", written=True),
    Fault(status=429, retry_after=1),
)


async def test_each_answer_is_shown_once_and_in_order(fake: SlackFake, store: SqlStore, tmp_path: Path) -> None:
    around, sink = surroundings(store, tmp_path), StoreSink(store)
    async with serving(Hub(SlackChannel(settings(fake), around), around, sink, fake)) as hub:
        give_up_soon(hub)
        roots = [fake.say(f"<@{BOT}> question {number}", channel=PUBLIC) for number in range(THREADS)]
        assert await asyncio.gather(*(hub.push(event) for event in roots)) == [200] * THREADS
        assert await asyncio.gather(*(hub.push(event, retry=1) for event in roots)) == [200] * THREADS
        turns = await store.claim(2 * THREADS, 5.0, history=10)
        assert len(turns) == THREADS
        for turn in turns:
            number = turn.pending[0].text.removeprefix("question ")
            said = [NewMessage(Author.AGENT, f"{part} to {number}", MessageKind.ANSWER) for part in ("First", "Then")]
            await store.finish([TurnOutcome(turn.claim, handled_seq=1, messages=tuple(said))])
        fake.fail("chat.postMessage", *FAULTS)
        fake.fail("conversations.replies", Fault(drop=True), Fault(status=500))
        quick = DeliverySettings(retry_first=0.05, retry_cap=0.2)
        delivery = DeliveryService([hub.channel], store, LocalWake(), SystemClock(), NoMetrics(), quick)
        await delivery.start()
        await fake.until(lambda: len(fake.shown(PUBLIC)) >= 2 * THREADS)
        await delivery.stop()
        counts = await store.counts()
        assert (counts["deliveries_due"], counts["deliveries_dead"]) == (0, 0)
    assert_once_and_in_order(fake, [event["event"]["ts"] for event in roots])
    assert not any(fake.faults.values())


def assert_once_and_in_order(fake: SlackFake, roots: list[str]) -> None:
    """Each thread holds its own two answers."""
    for number, root in enumerate(roots):
        answers = [one for one in fake.channels[PUBLIC].messages if one.get("thread_ts") == root and one.get("bot_id")]
        assert [one["text"] for one in answers] == [f"First to {number}", f"Then to {number}"]
    assert all(re.fullmatch(r"(First|Then) to \d+", text) for text in fake.shown(PUBLIC))
