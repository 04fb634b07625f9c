"""Customers on Telegram."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from config.addresses import WebAddress
from config.groups import SettingsGroup


class TelegramGroup(SettingsGroup):
    """Customers on Telegram."""

    title: ClassVar[str] = "Telegram"

    telegram_bot_token: SecretStr | None = Field(None, description="Switches Telegram on: the token from @BotFather.")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="Proves that updates come from Telegram; 1 to 256 letters, digits, _ and -. A list."
    )
    telegram_api_base_url: WebAddress = Field(description="The Bot API's origin, without a path.")
    telegram_mode: Literal["polling", "webhook"] = Field(description="How updates arrive; webhook needs PUBLIC_URL.")
