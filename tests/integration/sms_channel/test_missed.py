"""What customers wrote while the hub was away is found in Twilio's list and accepted once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from config.simulation.twilio_fake import OURS, POOLED, SERVICE, THEIRS, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.errors import AuthFailed, StoreUnavailable
from core.domain.messages import MessageReceived
from tests.integration.sms_channel.rig import Rig, running


async def _catch_up(rig: Rig) -> int:
    return await rig.channel.catch_up(rig.sink)


async def test_ten_minutes_of_silence_lose_nothing_and_double_nothing(rig: Rig) -> None:
    await _catch_up(rig)
    await rig.hear("Before")
    await rig.stop()
    written = []
    for minute in range(10):
        rig.clock.move(60)
        written.append(f"Minute {minute}")
        rig.twilio.write(written[-1], by=f"+1555222{minute:04d}")
    await rig.start()
    assert await _catch_up(rig) == 10
    assert rig.sink.texts == written, "in the order in which they were written"
    assert await _catch_up(rig) == 0
    assert rig.sink.texts == written


async def test_a_redelivery_after_catching_up_is_a_duplicate(rig: Rig) -> None:
    await _catch_up(rig)
    form = rig.twilio.write("Hello")
    assert await _catch_up(rig) == 1
    assert (await rig.twilio.deliver(form))[0] == 200
    assert rig.sink.texts == ["Hello"]


async def test_the_event_is_the_same_as_the_webhooks(rig: Rig) -> None:
    await _catch_up(rig)
    form = rig.twilio.write("One", files={"image/png": b"png"})
    at = rig.clock.now()
    rig.clock.move(600)
    await _catch_up(rig)
    (event,) = rig.sink.new
    assert isinstance(event, MessageReceived)
    assert event.key.provider_event_id == form["MessageSid"]
    assert event.sent_at == at
    assert [ref.id for ref in event.attachments] == [form["MediaUrl0"]]


async def test_what_was_written_before_the_hub_existed_is_not_answered(rig: Rig) -> None:
    rig.twilio.write("Years ago")
    rig.clock.move(86400)
    assert await _catch_up(rig) == 0
    assert rig.sink.new == []


async def test_a_list_of_many_pages_is_read_as_far_as_needed(rig: Rig) -> None:
    for number in range(30):
        rig.twilio.write(f"Old {number}")
    rig.clock.move(3600)
    await _catch_up(rig)
    for number in range(7):
        rig.twilio.write(f"New {number}")
    rig.twilio.journal.clear()
    assert await _catch_up(rig) == 7
    assert rig.sink.texts == [f"New {number}" for number in range(7)], "also within one second"
    asked = [path for _, path in rig.twilio.journal if "Messages.json?To=" in path and "whatsapp" not in path]
    assert len(asked) == 3, "two full pages, and one that ends in what is old"


async def test_when_the_store_is_away_the_place_is_kept(rig: Rig) -> None:
    await _catch_up(rig)
    rig.clock.move(600)
    rig.twilio.write("Hello")
    rig.sink.down = True
    with pytest.raises(StoreUnavailable):
        await _catch_up(rig)
    rig.sink.down = False
    rig.clock.move(3600)
    assert await _catch_up(rig) == 1


async def test_a_stop_in_the_outage_counts_and_is_confirmed(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.write("STOPP")
    rig.twilio.write("STOP", by="+15552220001")
    rig.clock.move(600)
    assert await _catch_up(rig) == 0
    assert (await rig.remembered(f"consent/{THEIRS}") or "").startswith("out ")
    assert (await rig.remembered("consent/+15552220001") or "").startswith("out ")
    assert rig.twilio.sent() == [
        "Tidepool: Sie erhalten keine Nachrichten mehr von uns. Mit START bekommen Sie sie wieder."
    ]
    assert rig.twilio.sent("+15552220001") == [], "Twilio had confirmed it"
    await _catch_up(rig)
    assert len(rig.twilio.sent()) == 1


async def test_an_older_stop_does_not_undo_a_newer_start(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.write("STOP")
    rig.clock.move(600)
    await rig.hear("START")
    await _catch_up(rig)
    assert (await rig.remembered(f"consent/{THEIRS}") or "").startswith("in ")


async def test_a_keyword_that_the_webhook_brought_is_not_answered_again(rig: Rig) -> None:
    await _catch_up(rig)
    await rig.hear("STOPP")
    assert len(rig.twilio.sent()) == 1
    await _catch_up(rig)
    assert len(rig.twilio.sent()) == 1


async def test_keywords_are_forgotten_when_nobody_meets_them_again(rig: Rig) -> None:
    await _catch_up(rig)
    await rig.hear("HELP")
    sid = rig.twilio.messages[0]["sid"]
    assert await rig.remembered(f"keyword/{sid}") is not None
    for _ in range(2):
        rig.clock.move(3 * 3600)
        await _catch_up(rig)
    assert await rig.remembered(f"keyword/{sid}") is None


async def test_whatsapp_is_caught_up_too(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.write("Hola", by=WHATSAPP_THEIRS, to=WHATSAPP_OURS)
    assert await _catch_up(rig) == 1


async def test_of_a_shared_account_only_our_service_is_read(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE, whatsapp_sender=None) as rig:
        rig.twilio.services[SERVICE] = {"sid": SERVICE}
        await _catch_up(rig)
        rig.twilio.write("To the pool", to=POOLED)
        rig.twilio.account.pools = {SERVICE: {POOLED}}
        rig.twilio.write("To another department", to=OURS)
        assert await _catch_up(rig) == 1
        assert rig.sink.texts == ["To the pool"]


async def test_short_codes_stay_unanswered(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.write("HELP", by="12345")
    assert await _catch_up(rig) == 0
    assert rig.twilio.sent("12345") == []


async def test_it_looks_by_itself_at_the_start_and_from_time_to_time(tmp_path: Path) -> None:
    async with running(tmp_path, catch_up_every=300.0) as rig:
        await rig.clock.asleep.wait()
        rig.twilio.write("While it runs")
        rig.clock.move(301)
        await rig.clock.asleep.wait()
        assert rig.sink.texts == ["While it runs"]
        await rig.stop()
        rig.twilio.write("While it was away")
        await rig.start(catch_up_every=300.0)
        await rig.clock.asleep.wait()
        assert rig.sink.texts == ["While it was away"]


async def test_while_another_process_looks_this_one_waits(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await _catch_up(rig)
        await rig.stop()
        lease = f"sms:{rig.channel.account}:catch-up"
        assert await rig.store.hold(lease, "p2", 120)
        rig.twilio.write("Hello")
        await rig.start(catch_up_every=300.0)
        await rig.clock.asleep.wait()
        assert rig.sink.texts == []
        await rig.store.let_go(lease, "p2")
        rig.clock.move(31)
        await rig.clock.asleep.wait()
        assert rig.sink.texts == ["Hello"]


async def test_lost_credentials_are_an_alarm_until_they_work_again(tmp_path: Path) -> None:
    async with running(tmp_path, catch_up_every=300.0) as rig:
        await rig.clock.asleep.wait()
        assert rig.channel.alarm is None
        good, rig.twilio.tokens = rig.twilio.tokens, set()
        with pytest.raises(AuthFailed):
            await _catch_up(rig)
        rig.clock.move(301)
        await rig.clock.asleep.wait()
        assert rig.channel.alarm == "Twilio does not accept the credentials"
        rig.twilio.tokens = good
        rig.clock.move(31)
        await rig.clock.asleep.wait()
        assert rig.channel.alarm is None


@pytest.mark.parametrize("seed", range(5))
async def test_webhooks_and_outages_in_any_order_give_each_message_once(rig: Rig, seed: int) -> None:
    chance = random.Random(seed)
    await _catch_up(rig)
    for number in range(40):
        rig.clock.move(chance.choice([1, 20, 200]))
        form = rig.twilio.write(f"Text {number}")
        for _ in range(chance.choice([0, 1, 2])):
            rig.sink.down = chance.random() < 0.3
            await rig.twilio.deliver(form)
            rig.sink.down = False
        if chance.random() < 0.2:
            await _catch_up(rig)
    await _catch_up(rig)
    assert sorted(rig.sink.texts) == sorted(f"Text {number}" for number in range(40))
