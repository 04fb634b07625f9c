"""What `switchboard doctor` sees of a Twilio account, and what it says to change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from channels.sms.adapter import SmsChannel
from config.simulation.twilio_fake import OURS, SERVICE
from core.ports.channel import Diagnosis, SupportsDiagnosis
from tests.integration.sms_channel.rig import Rig, running, settings

WEBHOOK = "https://hub.example/webhooks/twilio"


async def _diagnose(rig: Rig, **changes: Any) -> Sequence[Diagnosis]:
    channel = SmsChannel(settings(rig.twilio, **changes), rig.around)
    assert isinstance(channel, SupportsDiagnosis)
    return await channel.diagnose()


def _failed(found: Sequence[Diagnosis]) -> list[tuple[str, str]]:
    assert all(one.fix for one in found if not one.ok)
    return [(one.check, one.fix or "") for one in found if not one.ok]


async def test_all_is_well(rig: Rig) -> None:
    found = await _diagnose(rig)
    assert _failed(found) == []
    assert [one.check for one in found] == [
        *("Twilio account", "Public address", f"Number {OURS}", "Webhook", f"WhatsApp {OURS}"),
    ]


async def test_a_wrong_token(rig: Rig) -> None:
    ((check, fix),) = _failed(await _diagnose(rig, auth_tokens=("b" * 32,)))
    assert check == "Twilio account"
    assert "TWILIO_AUTH_TOKEN" in fix


async def test_a_wrong_account(rig: Rig) -> None:
    ((_, fix),) = _failed(await _diagnose(rig, account_sid="AC" + "f" * 32))
    assert "TWILIO_ACCOUNT_SID" in fix


async def test_an_unreachable_host(rig: Rig) -> None:
    ((_, fix),) = _failed(await _diagnose(rig, api_base_url="http://127.0.0.1:9"))
    assert "TWILIO_API_BASE_URL" in fix


async def test_a_suspended_account(rig: Rig) -> None:
    rig.twilio.account_status = "suspended"
    assert "Console" in _failed(await _diagnose(rig))[0][1]


async def test_a_number_that_the_account_does_not_have(rig: Rig) -> None:
    ((check, fix),) = _failed(await _diagnose(rig, sender="+15559998888"))
    assert check == "Number +15559998888"
    assert "TWILIO_FROM" in fix


async def test_a_number_without_text_messages(rig: Rig) -> None:
    rig.twilio.numbers = [rig.twilio.number(OURS, sms=False)]
    ((_, fix),) = _failed(await _diagnose(rig))
    assert "Buy a number with SMS" in fix


async def test_a_webhook_that_points_elsewhere(rig: Rig) -> None:
    rig.twilio.numbers = [rig.twilio.number(OURS, url="https://demo.twilio.com/welcome/sms/reply")]
    ((check, fix),) = _failed(await _diagnose(rig))
    assert check == "Webhook"
    assert WEBHOOK in fix
    assert "A message comes in" in fix


async def test_a_webhook_with_get(rig: Rig) -> None:
    rig.twilio.numbers[0]["sms_method"] = "GET"
    assert "HTTP POST" in _failed(await _diagnose(rig))[0][1]


async def test_an_app_in_front_of_the_webhook(rig: Rig) -> None:
    rig.twilio.numbers[0]["sms_application_sid"] = "AP1"
    assert WEBHOOK in _failed(await _diagnose(rig))[0][1]


@pytest.mark.parametrize(("public", "words"), [(None, "PUBLIC_URL"), ("http://hub.example", "TLS")])
async def test_no_public_address(rig: Rig, public: str | None, words: str) -> None:
    rig.around = replace(rig.around, public_url=public)
    checks = dict(_failed(await _diagnose(rig)))
    assert words in checks["Public address"]


async def test_a_hub_on_this_machine_needs_no_tls(rig: Rig) -> None:
    rig.around = replace(rig.around, public_url="http://127.0.0.1:8080")
    assert "Public address" not in dict(_failed(await _diagnose(rig)))


async def test_a_messaging_service(rig: Rig) -> None:
    service = {"sid": SERVICE, "friendly_name": "Support", "inbound_request_url": WEBHOOK, "inbound_method": "POST"}
    rig.twilio.services[SERVICE] = {**service, "use_inbound_webhook_on_number": False}
    assert _failed(await _diagnose(rig, sender=SERVICE)) == []
    rig.twilio.services[SERVICE]["inbound_request_url"] = None
    ((_, fix),) = _failed(await _diagnose(rig, sender=SERVICE))
    assert "Services, Support, Integration" in fix


async def test_a_messaging_service_that_leaves_it_to_the_numbers(rig: Rig) -> None:
    rig.twilio.services[SERVICE] = {"sid": SERVICE, "use_inbound_webhook_on_number": True}
    rig.twilio.numbers[1]["sms_url"] = ""
    ((check, _),) = _failed(await _diagnose(rig, sender=SERVICE))
    assert check == "Webhook"


async def test_a_messaging_service_that_does_not_exist(rig: Rig) -> None:
    ((_, fix),) = _failed(await _diagnose(rig, sender=SERVICE))
    assert "TWILIO_FROM" in fix


async def test_it_changes_nothing(rig: Rig) -> None:
    await _diagnose(rig)
    assert {method for method, _ in rig.twilio.journal} == {"GET"}


async def test_it_works_beside_a_hub_that_is_not_started(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.stop()
        assert _failed(await rig.channel.diagnose()) == []
