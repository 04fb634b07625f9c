"""Twilio's webhooks: proven, stored, and only then thanked for."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import cast
from unittest.mock import Mock

import aiohttp
import pytest

from channels.sms import parse, signature
from config.simulation.twilio_fake import OURS, POOLED, SERVICE, SID, THEIRS, TOKEN, WHATSAPP_OURS, WHATSAPP_THEIRS
from core.domain.messages import DeliveryReported, MessageReceived, ReceiptStatus
from tests.integration.sms_channel.rig import Forgetful, Rig, running

EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response />'


async def test_a_message_is_stored_and_answered_with_empty_twiml(rig: Rig) -> None:
    assert await rig.hear("Hello") == (200, EMPTY)
    (event,) = rig.sink.new
    assert isinstance(event, MessageReceived)
    assert event.text == "Hello"
    assert event.conversation.thread == f"{OURS}/{THEIRS}"
    assert (event.sender.external_id, event.sender.verified) == (THEIRS, False)


async def test_the_signature_is_checked_and_the_form_read_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    checked, read = Mock(wraps=signature.verify), Mock(wraps=parse.read)
    monkeypatch.setattr(signature, "verify", checked)
    monkeypatch.setattr(parse, "read", read)
    await rig.hear("Once")
    await rig.twilio.deliver(rig.twilio.report((await rig.say("Hello"))[0].provider_id or "", "delivered"))
    assert (checked.call_count, read.call_count) == (2, 2)


async def test_the_same_message_again_is_thanked_for_and_ignored(rig: Rig) -> None:
    form = rig.twilio.write("Hello")
    assert [(await rig.twilio.deliver(form))[0] for _ in range(3)] == [200, 200, 200]
    assert rig.sink.texts == ["Hello"]


@pytest.mark.parametrize(
    "how",
    [
        {"token": "b" * 32},
        {"public": "https://elsewhere.example"},
        {"tampered": {"Body": "Send me money"}},
        {"tampered": {"Extra": "1"}},
    ],
)
async def test_what_is_not_signed_for_this_is_refused(rig: Rig, how: dict[str, object]) -> None:
    status, _ = await rig.twilio.deliver(rig.twilio.write("Hello"), **how)  # type: ignore[arg-type]
    assert status == 401
    assert rig.sink.new == []


async def test_without_a_proxy_the_address_is_the_one_that_arrives(tmp_path: Path) -> None:
    async with running(tmp_path, public_url=None) as rig:
        form = rig.twilio.write("Hello")
        assert (await rig.twilio.deliver(form))[0] == 401
        assert (await rig.twilio.deliver(form, public=rig.twilio.hub))[0] == 200


async def test_a_slash_at_the_end_of_the_public_address_does_no_harm(tmp_path: Path) -> None:
    async with running(tmp_path, public_url="https://hub.example/") as rig:
        assert (await rig.hear("Hello"))[0] == 200
        await rig.say("Hello")
        assert rig.twilio.forms[-1]["StatusCallback"] == "https://hub.example/webhooks/twilio/status"


async def test_many_forgeries_raise_an_alarm(rig: Rig) -> None:
    for _ in range(10):
        await rig.twilio.deliver(rig.twilio.write("Hello"), token="b" * 32)
    assert rig.channel.alarm == "many requests with a wrong signature"


async def test_two_tokens_are_accepted_during_a_rotation(tmp_path: Path) -> None:
    async with running(tmp_path, auth_tokens=("old" * 10, TOKEN)) as rig:
        assert (await rig.hear("One"))[0] == 200
        form = rig.twilio.write("Two")
        assert (await rig.twilio.deliver(form, token="old" * 10))[0] == 200
        await rig.say("Calls use the one that works.")
        assert rig.twilio.sent() == ["Calls use the one that works."]
        assert rig.sink.texts == ["One", "Two"]


async def test_nothing_is_thanked_for_that_is_not_stored(rig: Rig) -> None:
    form = rig.twilio.write("Hello")
    rig.sink.down = True
    assert (await rig.twilio.deliver(form))[0] == 503
    rig.sink.down = False
    assert (await rig.twilio.deliver(form))[0] == 200
    assert rig.sink.texts == ["Hello"]


async def test_a_stop_is_not_thanked_for_while_it_cannot_be_remembered(rig: Rig) -> None:
    form = rig.twilio.write("STOP")
    memory = cast(Forgetful, rig.memory)
    memory.down = True
    assert (await rig.twilio.deliver(form))[0] == 503
    memory.down = False
    assert await rig.remembered(f"consent/{THEIRS}") is None
    assert (await rig.twilio.deliver(form))[0] == 200
    assert (await rig.remembered(f"consent/{THEIRS}") or "").startswith("out ")


async def test_a_forged_stop_changes_nothing(rig: Rig) -> None:
    assert (await rig.twilio.deliver(rig.twilio.write("STOP"), token="b" * 32))[0] == 401
    assert await rig.remembered(f"consent/{THEIRS}") is None


async def test_what_cannot_be_understood_is_kept_and_thanked_for(rig: Rig) -> None:
    form = {"AccountSid": SID, "Body": "Who am I?", "From": THEIRS, "To": OURS}
    assert await rig.twilio.deliver(form) == (200, EMPTY)
    assert rig.sink.quarantined == ["This form names no message (MessageSid)."]


async def test_messages_of_another_account_are_put_aside(rig: Rig) -> None:
    await rig.hear("Hello", extra={"AccountSid": "AC" + "f" * 32})
    assert rig.sink.texts == []
    assert len(rig.sink.quarantined) == 1


@pytest.mark.parametrize("by", ["12345", "AMAZON", OURS, POOLED])
async def test_machines_and_own_numbers_are_not_answered(tmp_path: Path, by: str) -> None:
    async with running(tmp_path, catch_up_every=300.0) as rig:
        await rig.clock.asleep.wait()  # by now it knows all numbers of the account
        assert (await rig.hear("HELP", by=by))[1] == EMPTY
        assert (await rig.hear("Your code is 1234", by=by))[0] == 200
        assert rig.sink.new == []


async def test_a_number_in_a_pool_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    async with running(tmp_path, sender=SERVICE) as rig:
        rig.twilio.services[SERVICE] = {"sid": SERVICE}
        await rig.hear("To the second number", to=POOLED)
        (event,) = rig.sink.new
        assert isinstance(event, MessageReceived)
        await rig.say("From the second number", thread=event.conversation.thread)
        assert rig.twilio.forms[-1]["MessagingServiceSid"] == SERVICE
        assert rig.twilio.messages[-1]["from"] == POOLED


async def test_whatsapp_is_the_same_channel(rig: Rig) -> None:
    await rig.hear("Hola", by=WHATSAPP_THEIRS, to=WHATSAPP_OURS, extra={"ProfileName": "Ada"})
    (event,) = rig.sink.new
    assert isinstance(event, MessageReceived)
    assert event.conversation.thread == f"{WHATSAPP_OURS}/{WHATSAPP_THEIRS}"
    assert (event.sender.display_name, event.sender.verified) == ("Ada", True)


@pytest.mark.parametrize(
    ("status", "code", "expected", "detail"),
    [
        ("delivered", None, ReceiptStatus.DELIVERED, None),
        ("read", None, ReceiptStatus.READ, None),
        ("undelivered", 30003, ReceiptStatus.FAILED, "out of reach. (Twilio error 30003)"),
        ("failed", 63016, ReceiptStatus.FAILED, "approved templates now. (Twilio error 63016)"),
        ("failed", None, ReceiptStatus.FAILED, "Twilio: failed."),
    ],
)
async def test_status_callbacks_become_delivery_reports(
    rig: Rig, status: str, code: int | None, expected: ReceiptStatus, detail: str | None
) -> None:
    (receipt,) = await rig.say("Hello")
    assert rig.twilio.forms[-1]["StatusCallback"] == "https://hub.example/webhooks/twilio/status"
    form = rig.twilio.report(receipt.provider_id or "", status, code)
    assert await rig.twilio.deliver(form, "/webhooks/twilio/status") == (200, EMPTY)
    (event,) = rig.sink.new
    assert isinstance(event, DeliveryReported)
    assert (event.provider_id, event.status) == (receipt.provider_id, expected)
    assert (event.detail or "").endswith(detail or "")


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted"])
async def test_a_message_on_its_way_is_no_news(rig: Rig, status: str) -> None:
    (receipt,) = await rig.say("Hello")
    form = rig.twilio.report(receipt.provider_id or "", status)
    assert await rig.twilio.deliver(form, "/webhooks/twilio/status") == (200, EMPTY)
    assert rig.sink.new == []


async def test_a_stop_that_twilio_reports_later_is_remembered(rig: Rig) -> None:
    (receipt,) = await rig.say("Hello")
    form = rig.twilio.report(receipt.provider_id or "", "failed", 21610)
    await rig.twilio.deliver(form, "/webhooks/twilio/status")
    assert (await rig.remembered(f"consent/{THEIRS}") or "").startswith("out ")


async def test_a_body_over_the_limit_is_not_read(rig: Rig) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{rig.twilio.hub}/webhooks/twilio", data=BytesIO(b"x" * 2**21)) as answer,
    ):
        assert answer.status == 413
