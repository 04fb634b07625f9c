"""What became of messages while the hub could not be told: it is read from Twilio's list and taken over once."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.simulation.twilio_fake import OURS, POOLED, SERVICE, THEIRS, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.errors import StoreUnavailable
from core.domain.messages import DeliveryReported, ReceiptStatus
from tests.integration.sms_channel.rig import LINK, PICTURE, Rig, running


async def _catch_up(rig: Rig) -> list[DeliveryReported]:
    """What is reported by it."""
    before = len(rig.sink.new)
    await rig.channel.catch_up(rig.sink)
    return [event for event in rig.sink.new[before:] if isinstance(event, DeliveryReported)]


async def _said(rig: Rig, text: str = "Hello", **how: str) -> str:
    (receipt,) = await rig.say(text, **how)  # type: ignore[arg-type]
    return receipt.provider_id or ""


async def _restart(rig: Rig, seconds: float = 600.0) -> None:
    await rig.stop()
    rig.clock.move(seconds)
    await rig.start()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("delivered", None, ReceiptStatus.DELIVERED),
        ("read", None, ReceiptStatus.READ),
        ("undelivered", 30003, ReceiptStatus.FAILED),
        ("failed", 63016, ReceiptStatus.FAILED),
    ],
)
async def test_what_was_reported_in_an_outage_is_taken_over_once(
    rig: Rig, status: str, code: int | None, expected: ReceiptStatus
) -> None:
    await _catch_up(rig)
    sid = await _said(rig)
    rig.twilio.report(sid, status, code)
    await _restart(rig)
    (event,) = await _catch_up(rig)
    assert (event.provider_id, event.status) == (sid, expected)
    assert code is None or str(code) in (event.detail or "")
    assert await _catch_up(rig) == []


async def test_a_failure_is_taken_over_once_however_often_the_hub_restarts(rig: Rig) -> None:
    """Somebody may have sent the message again meanwhile."""
    await _catch_up(rig)
    rig.twilio.report(await _said(rig), "undelivered", 30003)
    await _restart(rig)
    assert len(await _catch_up(rig)) == 1
    await _restart(rig)
    assert await _catch_up(rig) == []


async def test_a_failure_that_a_callback_brought_is_not_said_again(rig: Rig) -> None:
    await _catch_up(rig)
    form = rig.twilio.report(await _said(rig), "undelivered", 30003)
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 200
    await _restart(rig)
    assert await _catch_up(rig) == []


async def test_what_the_store_did_not_take_is_found_while_the_hub_runs(rig: Rig) -> None:
    await _catch_up(rig)
    form = rig.twilio.report(await _said(rig), "undelivered", 30003)
    rig.sink.down = True
    assert (await rig.twilio.deliver(form, "/webhooks/twilio/status"))[0] == 503
    with pytest.raises(StoreUnavailable):
        await _catch_up(rig)
    rig.sink.down = False
    assert [event.status for event in await _catch_up(rig)] == [ReceiptStatus.FAILED]


async def test_a_message_from_hours_before_the_outage_is_looked_at_too(rig: Rig) -> None:
    await _catch_up(rig)
    sid = await _said(rig)
    for _ in range(60):
        rig.clock.move(300)
        assert await _catch_up(rig) == []
    rig.twilio.report(sid, "delivered")
    assert await _catch_up(rig) == [], "nobody was away: its callback comes"
    rig.clock.move(1200)
    assert [event.provider_id for event in await _catch_up(rig)] == [sid]


async def test_after_eleven_hours_nothing_is_expected_any_more(rig: Rig) -> None:
    await _catch_up(rig)
    sid = await _said(rig)
    rig.clock.move(11 * 3600.0)
    await _catch_up(rig)
    rig.twilio.report(sid, "delivered")
    await _restart(rig)
    assert await _catch_up(rig) == []


async def test_what_is_still_on_its_way_is_no_news(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.report(await _said(rig), "sent")
    await _restart(rig)
    assert await _catch_up(rig) == []


async def test_messages_of_other_programs_are_nothing_to_us(rig: Rig) -> None:
    await _catch_up(rig)
    await _said(rig)
    rig.twilio._keep("outbound-api", OURS, THEIRS, "Your parcel is here", "delivered")
    rig.twilio._keep("outbound-api", OURS, "+15559998888", "Your parcel is here", "undelivered")
    await _restart(rig)
    assert await _catch_up(rig) == []


async def test_a_pool_and_whatsapp_are_looked_through_as_well(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE) as rig:
        await _catch_up(rig)
        text = await _said(rig, thread=f"{POOLED}/{THEIRS}")
        message = await _said(rig, thread=f"{WHATSAPP_OURS}/{WHATSAPP_THEIRS}", key="d2")
        for sid in (text, message):
            rig.twilio.report(sid, "delivered")
        rig.clock.move(1200)
        assert [event.provider_id for event in await _catch_up(rig)] == [text, message]


async def test_many_pages_are_read_as_far_as_needed(rig: Rig) -> None:
    await _catch_up(rig)
    sids = [await _said(rig, f"Text {number}", thread=f"{OURS}/+1555222{number:04d}") for number in range(8)]
    for sid in sids:
        rig.twilio.report(sid, "delivered")
    await _restart(rig)
    assert [event.provider_id for event in await _catch_up(rig)] == sids


async def test_a_file_that_failed_in_an_outage_is_followed_by_a_link_once(rig: Rig) -> None:
    await _catch_up(rig)
    (receipt,) = await rig.say("", files=[PICTURE])
    rig.twilio.report(receipt.provider_id or "", "undelivered", 30019)
    for _ in range(2):
        await _restart(rig)
        assert await _catch_up(rig) == [], "what the customer has by a link is no dead letter"
    assert rig.twilio.sent()[1:] == [f"ticket.png: {LINK.format(id='f1')}"]


async def test_a_stop_that_twilio_reported_in_an_outage_is_remembered(rig: Rig) -> None:
    await _catch_up(rig)
    rig.twilio.report(await _said(rig), "failed", 21610)
    await _restart(rig)
    await _catch_up(rig)
    assert (await rig.remembered(f"consent/{THEIRS}") or "").startswith("out ")


async def test_what_is_remembered_of_failures_is_forgotten(rig: Rig) -> None:
    await _catch_up(rig)
    sid = await _said(rig)
    rig.twilio.report(sid, "undelivered", 30003)
    await _restart(rig)
    await _catch_up(rig)
    assert await rig.remembered(f"failure/{sid}") is not None
    rig.clock.move(22 * 3600.0)
    await _catch_up(rig)
    assert await rig.remembered(f"failure/{sid}") is None
