"""``switchboard doctor`` names what is wrong with the bot, and where to change it."""

from __future__ import annotations

import time

import pytest
from telegram import User

from channels.group_modes import Modes
from channels.telegram.adapter import TelegramChannel
from channels.telegram.diagnosis import _groups
from config.simulation.telegram_fake import TOKEN, Trouble
from core.ports.channel import Diagnosis, SupportsAlarm, SupportsDiagnosis
from tests.integration.telegram_channel.world import SECRET, World
from tests.servers.process import free_port

OTHER = "https://other.example/hook/with-a-secret"


async def _found(channel: TelegramChannel) -> dict[str, Diagnosis]:
    assert isinstance(channel, SupportsDiagnosis)
    assert isinstance(channel, SupportsAlarm)
    found = await channel.diagnose()
    assert all(one.ok or one.fix for one in found)
    assert not any(TOKEN in repr(one) or "with-a-secret" in repr(one) for one in found)
    return {one.check: one for one in found}


def _by_webhook(world: World) -> TelegramChannel:
    return world.another("doctor", mode="webhook", webhook_secrets=(SECRET,))


async def test_all_is_well_with_polling(quiet: World) -> None:
    found = await _found(quiet.channel)
    assert all(one.ok for one in found.values())
    assert "@acme_help_bot" in found["token"].detail


async def test_all_is_well_with_a_webhook(webhook: World) -> None:
    found = await _found(webhook.channel)
    assert all(one.ok for one in found.values())
    assert {"token", "groups", "webhook", "deliveries"} <= found.keys()


async def test_it_changes_nothing_and_takes_no_updates(quiet: World) -> None:
    await quiet.fake.write("Still mine")
    await quiet.channel.diagnose()
    assert {call.method for call in quiet.fake.calls} == {"getMe", "getWebhookInfo"}
    assert len(quiet.fake.updates) == 1


@pytest.mark.parametrize("token", ["123456789:WRONG-token_of_a_bot", "987654321:FAKE-token_of_a_bot_in_tests"])
async def test_a_wrong_token(quiet: World, token: str) -> None:
    found = await _found(quiet.another("doctor", bot_token=token))
    assert "TELEGRAM_BOT_TOKEN" in str(found["token"].fix)
    assert "@BotFather" in str(found["token"].fix)


async def test_a_host_that_nobody_answers_at(quiet: World) -> None:
    found = await _found(quiet.another("doctor", api_base_url=f"http://127.0.0.1:{free_port()}"))
    assert "TELEGRAM_API_BASE_URL" in str(found["reachable"].fix)


async def test_something_else_at_the_base_url(quiet: World) -> None:
    quiet.fake.next("getMe", Trouble(404, bare=True))
    found = await _found(quiet.channel)
    assert "TELEGRAM_API_BASE_URL" in str(found["reachable"].fix)


async def test_a_webhook_elsewhere_while_polling(quiet: World) -> None:
    quiet.fake.webhook["url"] = OTHER
    found = await _found(quiet.channel)
    assert "other.example" in found["polling"].detail
    assert "TELEGRAM_MODE=webhook" in str(found["polling"].fix)


async def test_a_webhook_elsewhere_instead_of_ours(quiet: World) -> None:
    quiet.public_url = "https://hub.example"
    quiet.fake.webhook["url"] = OTHER
    found = await _found(_by_webhook(quiet))
    assert "other.example" in found["webhook"].detail
    assert not found["webhook"].ok


async def test_no_webhook_yet(quiet: World) -> None:
    quiet.public_url = "https://hub.example"
    found = await _found(_by_webhook(quiet))
    assert "Start the server" in str(found["webhook"].fix)


async def test_no_public_address(quiet: World) -> None:
    found = await _found(_by_webhook(quiet))
    assert "PUBLIC_URL" in str(found["address"].fix)


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("Wrong response from the webhook: 401 Unauthorized", "TELEGRAM_WEBHOOK_SECRET"),
        ("Wrong response from the webhook: 404 Not Found", "/webhooks/telegram"),
        ("SSL error {error:0A000086:SSL routines::certificate verify failed}", "certificate"),
        ("Connection refused", "PUBLIC_URL"),
    ],
)
async def test_what_telegram_says_of_its_deliveries(webhook: World, error: str, fix: str) -> None:
    webhook.sink.failures = 1_000_000
    await webhook.fake.write("Waits")
    await webhook.fake.until(lambda: len(webhook.fake.pushed) > 2)
    said = {"last_error_date": int(time.time()), "last_error_message": error, "pending_update_count": 1}
    webhook.fake.next("getWebhookInfo", Trouble(result={**webhook.fake.webhook, **said}))
    found = await _found(webhook.channel)
    assert error in found["deliveries"].detail
    assert fix in str(found["deliveries"].fix)
    webhook.sink.failures = 0


async def test_kinds_that_were_not_asked_for(webhook: World) -> None:
    webhook.fake.webhook["allowed_updates"] = ["message"]
    found = await _found(webhook.channel)
    assert "Restart" in str(found["kinds"].fix)


@pytest.mark.parametrize(
    ("me", "said"),
    [
        ({"can_read_all_group_messages": False}, "Privacy mode is on"),
        ({"can_read_all_group_messages": True}, "Privacy mode is off"),
        ({"can_join_groups": False}, "cannot be added to groups"),
    ],
)
async def test_groups(quiet: World, me: dict[str, bool], said: str) -> None:
    quiet.fake.me |= me
    assert said in (await _found(quiet.channel))["groups"].detail


@pytest.mark.parametrize(("reads_all", "said"), [(True, "sends every message"), (False, "TELEGRAM_GROUP_MODES wants")])
async def test_a_group_that_is_heard_as_a_whole_needs_privacy_mode_off(*, reads_all: bool, said: str) -> None:
    me = User(1, "Help", True, username="acme_help_bot", can_read_all_group_messages=reads_all)
    (found,) = _groups(me, Modes.of(["mention", "-100=every"]))
    assert (found.ok, said in found.detail) == (reads_all, True)
    assert reads_all or "/setprivacy" in str(found.fix)
