"""An answer that is being written, where Slack takes no more edits for a while."""

from __future__ import annotations

import asyncio

import pytest

from channels.slack.place import Place
from config.simulation.slack_world import DIRECT, TEAM, Fault
from core.domain.errors import Unreachable
from core.domain.keys import ConversationKey
from core.domain.messages import WirePayload
from tests.integration.slack_channel.test_streaming import clock, conversation, live, text
from tests.integration.slack_channel.world import Hub
from tests.unit.web.clock import HandClock

__all__ = ["clock", "live"]


async def test_an_answer_whose_edit_must_wait_is_posted(live: Hub, clock: HandClock) -> None:
    """The placeholder holds no words, since other conversations have used up what may be edited besides."""
    spare = live.channel._streams.edits.grants_for(Place.of(f"{TEAM}/{DIRECT}"))
    while await spare.take(spare=True):
        pass
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("We open", 0)])
    assert live.fake.shown() == ["…"]
    live.fake.fail("chat.update", Fault(status=429, retry_after=30))
    await live.answer("We open at nine.")
    await live.fake.until(lambda: live.fake.shown() == ["We open at nine."])


async def test_words_that_were_read_stay_where_the_edit_must_wait(live: Hub) -> None:
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("We open", 0)])
    live.fake.fail("chat.update", Fault(status=429, retry_after=30))
    await live.answer("We open at nine.")
    assert live.fake.shown() == ["We open", "We open at nine."]
    assert live.fake.called("chat.delete") == []


async def test_an_edit_waits_for_a_short_pause(live: Hub, clock: HandClock) -> None:
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("We open", 0)])
    live.fake.fail("chat.update", Fault(status=429, retry_after=1))
    answering = asyncio.create_task(live.answer("We open at nine."))
    while not answering.done():
        clock.seconds += 1
        await asyncio.sleep(0.01)
    await answering
    assert live.fake.shown() == ["We open at nine."]


async def test_nothing_is_begun_that_no_edit_is_left_for(live: Hub) -> None:
    edits = live.channel._streams.edits.grants_for(Place.of(f"{TEAM}/{DIRECT}"))
    while await edits.take():
        pass
    await live.channel.stream(conversation(f"{TEAM}/{DIRECT}"), [text("We open", 0)])
    assert live.fake.called("chat.postMessage") == []
    await live.answer("We open at nine.")
    assert live.fake.shown() == ["We open at nine."]


async def test_no_edit_is_made_within_a_pause_that_slack_asked_for(live: Hub, clock: HandClock) -> None:
    """What was granted before it is given back within it, and of no use."""
    edits = live.channel._streams.edits.grants_for(Place.of(f"{TEAM}/{DIRECT}"))
    assert await edits.take()
    await edits.hold_back(30.0)
    edits.give_back()
    assert not await edits.take()
    clock.seconds += 31
    edits.give_back()
    assert await edits.take()


async def test_a_correction_that_must_wait_holds_up_no_other_message(live: Hub) -> None:
    (receipt,) = await live.answer("We open at ten.")
    assert receipt.provider_id is not None
    body = {"method": "chat.update", "of": receipt.provider_id, "text": "We open at nine.", "blocks": []}
    payload = WirePayload(ConversationKey("slack", "default", f"{TEAM}/{DIRECT}"), body)
    live.fake.fail("chat.update", Fault(status=429, retry_after=30))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await live.channel.send(payload, idempotency_key="d2:0")
    assert len(live.fake.called("chat.update")) == 1
