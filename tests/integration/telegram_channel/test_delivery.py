"""The hub's own delivery in front of a Telegram that fails for a while: what waits is said when it is over."""

from __future__ import annotations

from config.simulation.telegram_fake import Trouble
from core.clock import SystemClock
from core.delivery import DeliveryService, DeliverySettings
from core.domain.messages import Author, MessageKind
from core.intake import Intake
from core.ports.metrics import NoMetrics
from core.ports.store import NewMessage, TurnOutcome
from core.storage.wake_local import LocalWake
from tests.integration.telegram_channel.world import World

QUICK = DeliverySettings(poll=0.05, retry_first=0.05, retry_cap=0.1, pause_cap=0.1)
BOT = "123456789"


async def _answer(quiet: World, *said: NewMessage) -> None:
    intake = Intake(quiet.store, LocalWake(), NoMetrics(), {"telegram": quiet.channel.capabilities})
    await quiet.channel.start(intake)
    await quiet.fake.write("Hello")
    await quiet.fake.until(lambda: not quiet.fake.updates)
    await quiet.clock.move(1.0)
    (turn,) = await quiet.store.claim(1, 5.0, history=10)
    for file in [file for one in said for file in one.attachments]:
        await quiet.store.add_attachment(turn.claim.conversation_id, file)
    await quiet.store.finish([TurnOutcome(turn.claim, handled_seq=1, messages=said)])


async def _delivered(quiet: World, texts: list[str]) -> None:
    delivery = DeliveryService([quiet.channel], quiet.store, LocalWake(), SystemClock(), NoMetrics(), QUICK)
    await delivery.start()
    try:
        await quiet.fake.until(lambda: quiet.fake.texts() == texts, 20)
    finally:
        await delivery.stop(5.0)
    assert quiet.fake.texts() == texts
    assert await quiet.store.claim_deliveries("telegram", BOT, 10, 5.0) == []


async def test_an_outage_behind_telegrams_gateway_loses_nothing_and_doubles_nothing(quiet: World) -> None:
    await _answer(quiet, *(NewMessage(Author.AGENT, text, MessageKind.ANSWER) for text in ("One", "Two")))
    quiet.fake.next("sendMessage", Trouble(502, bare=True))
    quiet.fake.next("sendChatAction", *[Trouble(502, bare=True)] * 8)
    await _delivered(quiet, ["One", "Two"])
    assert len(quiet.fake.named("sendMessage")) == 3, "the one repetition was kept until Telegram worked again"


async def test_a_file_that_is_gone_does_not_hold_up_what_follows(quiet: World) -> None:
    document = await quiet.stored(b"data", "a.txt", "text/plain")
    await quiet.files.delete(document.storage_key)
    with_file = NewMessage(Author.AGENT, "See:", MessageKind.ANSWER, attachments=(document,))
    await _answer(quiet, with_file, NewMessage(Author.AGENT, "Bye", MessageKind.ANSWER))
    await _delivered(quiet, ["See:", "This file could not be sent here: a.txt", "Bye"])
