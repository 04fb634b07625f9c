"""Settings that cannot work are refused with the name of what to change, and never with a secret in it."""

from __future__ import annotations

from typing import Any

import pytest

from channels.telegram.settings import TelegramSettings
from core.domain.errors import ConfigError

TOKEN = "123456789:FAKE-token_of_a_bot_in_tests"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"bot_token": "FAKE-token_of_a_bot_in_tests"}, "TELEGRAM_BOT_TOKEN"),
        ({"bot_token": ""}, "TELEGRAM_BOT_TOKEN"),
        ({"bot_token": TOKEN, "mode": "both"}, "TELEGRAM_MODE"),
        ({"bot_token": TOKEN, "mode": "webhook"}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"bot_token": TOKEN, "webhook_secrets": ("very secret!",)}, "TELEGRAM_WEBHOOK_SECRET"),
        ({"bot_token": TOKEN, "webhook_secrets": ("x" * 257,)}, "TELEGRAM_WEBHOOK_SECRET"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=named) as caught:
        TelegramSettings(**given)
    assert "FAKE-token" not in caught.value.detail
    assert "very secret" not in caught.value.detail


def test_the_account_is_the_bots_id() -> None:
    settings = TelegramSettings(TOKEN, api_base_url="https://api.telegram.example/")
    assert settings.account == "123456789"
    assert settings.origin == "https://api.telegram.example"


def test_secrets_are_in_no_picture_of_the_settings() -> None:
    settings = TelegramSettings(TOKEN, mode="webhook", webhook_secrets=("hush-hush",))
    assert "FAKE-token" not in repr(settings)
    assert "hush-hush" not in repr(settings)
