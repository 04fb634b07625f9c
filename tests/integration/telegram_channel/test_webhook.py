"""Updates by webhook: set at the start, proven by its secret, thanked for after the commit."""

from __future__ import annotations

import json
from unittest.mock import Mock

import aiohttp
import pytest
from telegram import Update

from channels.telegram.settings import WANTED
from config.simulation.telegram_fake import Trouble
from core.domain.errors import StoreUnavailable
from core.domain.messages import CustomerAction, MessageReceived
from tests.integration.telegram_channel.conftest import answer
from tests.integration.telegram_channel.world import SECRET, World


async def _post(world: World, secret: str | None, body: bytes = b'{"update_id": 1}') -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{world.public_url}/webhooks/telegram", data=body, headers=headers) as response,
    ):
        return response.status


async def test_it_is_set_at_the_start_with_its_secret_and_all_kinds(quiet: World) -> None:
    await quiet.behind_webhook()
    (call,) = quiet.fake.named("setWebhook")
    assert call["url"] == f"{quiet.public_url}/webhooks/telegram"
    assert call["secret_token"] == SECRET
    assert set(call["allowed_updates"]) == set(WANTED)
    assert call["drop_pending_updates"] is False
    assert quiet.channel.alarm is None


async def test_what_customers_write_arrives(webhook: World) -> None:
    await webhook.fake.write("And more")
    assert await webhook.sink.texts(2) == ["Hello", "And more"]
    assert {status for _, status in webhook.fake.pushed} == {200}


async def test_the_secret_is_compared_and_the_update_decoded_once(
    webhook: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded, proven = Mock(wraps=Update.de_json), Mock(wraps=webhook.channel.authenticate)
    monkeypatch.setattr(Update, "de_json", decoded)
    monkeypatch.setattr(webhook.channel, "authenticate", proven)
    await webhook.fake.write("Once")
    await webhook.sink.texts(2)
    assert (proven.call_count, decoded.call_count) == (1, 1)


async def test_what_is_not_stored_is_not_thanked_for_and_comes_again(webhook: World) -> None:
    webhook.sink.failures = 2
    update = await webhook.fake.write("Keep me")
    assert await webhook.sink.texts(2) == ["Hello", "Keep me"]
    await webhook.fake.until(lambda: not webhook.fake.updates)
    assert [status for id, status in webhook.fake.pushed if id == update["update_id"]] == [503, 503, 200]


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET.upper()])
async def test_without_the_secret_nobody_gets_in(webhook: World, secret: str | None) -> None:
    assert await _post(webhook, secret) == 401
    assert len(webhook.sink.events) == 1


async def test_many_wrong_secrets_raise_an_alarm(webhook: World) -> None:
    for _ in range(10):
        await _post(webhook, "wrong")
    assert webhook.channel.alarm == "many requests with a wrong signature"


async def test_during_a_rotation_both_secrets_are_believed_and_the_first_is_told(quiet: World) -> None:
    await quiet.behind_webhook(webhook_secrets=("new-secret", SECRET))
    assert quiet.fake.secret == "new-secret"
    body = json.dumps({"update_id": 5, "message": quiet.fake.message("With the old one")}).encode()
    assert await _post(quiet, SECRET, body) == 200
    assert await _post(quiet, "new-secret", b'{"update_id": 6}') == 200
    assert await quiet.sink.texts(1) == ["With the old one"]


async def test_a_new_secret_is_told_although_the_address_is_the_same(webhook: World) -> None:
    await webhook.channel.stop()
    webhook.channel = webhook.another("p1", mode="webhook", webhook_secrets=("another",))
    await webhook.channel.start(webhook.sink)
    assert webhook.fake.secret == "another"


async def test_it_is_not_set_again_when_it_is_right(webhook: World) -> None:
    await webhook.channel.stop()
    await webhook.channel.start(webhook.sink)
    assert len(webhook.fake.named("setWebhook")) == 1


async def test_a_webhook_that_was_moved_is_brought_back_within_five_minutes(webhook: World) -> None:
    webhook.fake.webhook["url"] = "https://other.example/hook"
    await webhook.clock.wake()
    await webhook.fake.until(lambda: webhook.fake.webhook["url"].startswith(str(webhook.public_url)))


async def test_what_telegram_cannot_deliver_is_told(webhook: World) -> None:
    await webhook.channel.stop()  # the server stays, and has nobody behind it
    await webhook.fake.write("Is anybody there?")
    await webhook.fake.until(lambda: len(webhook.fake.pushed) > 3)
    other = webhook.another("p1", mode="webhook", webhook_secrets=(SECRET,))
    await other.start(webhook.sink)
    try:
        assert other.alarm == "Telegram could not deliver to the webhook"
    finally:
        await other.stop()


async def test_without_telegram_at_the_start_it_is_set_later(quiet: World) -> None:
    quiet.fake.next("setWebhook", Trouble(500, "Internal Server Error"))
    await quiet.behind_webhook()
    assert quiet.channel.alarm == "the webhook could not be checked"
    await quiet.clock.wake()
    await quiet.fake.until(lambda: bool(quiet.fake.webhook["url"]))


async def test_what_nobody_understands_is_kept_and_thanked_for(webhook: World) -> None:
    assert await _post(webhook, SECRET, b"not even JSON") == 200
    assert webhook.sink.quarantined[0].body == b"not even JSON"


async def test_a_button_is_heard_and_one_pressed_too_late_is_answered_in_the_reply(webhook: World) -> None:
    await webhook.channel.send(
        webhook.channel.render(answer("I do not know.", meta={"offers_person": True}))[0], idempotency_key="k"
    )
    await webhook.fake.press(webhook.fake.sent[-1], "person", date=0)
    await webhook.fake.until(lambda: len(webhook.fake.named("answerCallbackQuery")) == 1)
    assert webhook.fake.named("answerCallbackQuery")[0]["show_alert"] is True
    await webhook.fake.press(webhook.fake.sent[-1], "person")
    await webhook.fake.until(lambda: "reply_markup" not in webhook.fake.sent[-1])
    event = webhook.sink.events[-1]
    assert isinstance(event, MessageReceived)
    assert event.action is CustomerAction.REQUEST_PERSON


async def test_a_poller_serves_no_webhook(quiet: World) -> None:
    assert quiet.channel.routes() == []


async def test_while_stopping_telegram_is_asked_to_come_again(webhook: World) -> None:
    await webhook.channel.stop()
    assert await _post(webhook, SECRET) == 503


async def test_what_has_to_be_remembered_is_remembered_before_the_thanks(
    webhook: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember, failures = webhook.store.remember, [StoreUnavailable("The disk is full.")] * 2

    async def failing(channel: str, account: str, key: str, value: str) -> None:
        if key.startswith("moved/") and failures:
            raise failures.pop()
        await remember(channel, account, key, value)

    monkeypatch.setattr(webhook.store, "remember", failing)
    update = await webhook.fake.update(message=webhook.fake.message(chat=-4242, migrate_to_chat_id=-100777))
    await webhook.fake.until(lambda: not webhook.fake.updates)
    assert [status for id, status in webhook.fake.pushed if id == update["update_id"]] == [503, 503, 200]
    assert await webhook.store.recall("telegram", "123456789", "moved/-4242") == "-100777"


async def test_an_edit_in_a_group_of_what_was_not_for_the_bot_is_thanked_for(webhook: World) -> None:
    webhook.sink.unknown = True
    message = webhook.fake.message("/help me", chat=-4242, edit_date=1_790_000_000)
    update = await webhook.fake.update(edited_message=message)
    await webhook.fake.until(lambda: not webhook.fake.updates)
    assert (update["update_id"], 200) in webhook.fake.pushed


async def test_without_a_public_address_the_webhook_is_somebody_elses_to_set_and_that_is_said(quiet: World) -> None:
    quiet.channel = quiet.another("p1", mode="webhook", webhook_secrets=(SECRET,))
    await quiet.channel.start(quiet.sink)
    assert "PUBLIC_URL" in str(quiet.channel.alarm)
    assert quiet.fake.named("setWebhook") == []
    quiet.fake.webhook["url"] = "https://proxy.example/webhooks/telegram"
    await quiet.clock.wake()
    await quiet.clock.until(lambda: 300.0 in quiet.clock.sleeping)
    assert quiet.channel.alarm is None
