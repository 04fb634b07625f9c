"""Customers on Telegram."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator

from channels.group_modes import Mode, Modes
from config.addresses import WebAddress
from config.groups import SettingsGroup
from config.listed import Listed

_GROUP_ID = re.compile("-[0-9]{1,20}")


class TelegramGroup(SettingsGroup):
    """Customers on Telegram."""

    title: ClassVar[str] = "Telegram"

    telegram_bot_token: SecretStr | None = Field(None, description="Switches Telegram on: the token from @BotFather.")
    telegram_webhook_secret: SecretStr | None = Field(
        None, description="Proves that updates come from Telegram; 1 to 256 letters, digits, _ and -. A list."
    )
    telegram_api_base_url: WebAddress = Field(description="The Bot API's origin, without a path.")
    telegram_mode: Literal["polling", "webhook"] = Field(description="How updates arrive; webhook needs PUBLIC_URL.")
    telegram_group_modes: Listed = Field(
        ("mention",),
        description="What the bot answers in groups: mention (mentions, commands and answers to it) or every (every message; its "
        "privacy mode has to be off). For one group by its id: mention, -1001234567890=every.",
    )

    @field_validator("telegram_group_modes")
    @classmethod
    def _group_modes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        modes = Modes.of(value)
        for place in modes.places:
            if not _GROUP_ID.fullmatch(place):
                raise ValueError(f"{place!r} is no group's id, such as -1001234567890=every.")
        for mode in modes.used - {Mode.MENTION, Mode.EVERY}:
            raise ValueError(f"{mode} is for Slack; on Telegram: mention or every.")
        return value
