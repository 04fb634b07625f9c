"""What an operator says about the bot."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Literal

from channels.group_modes import MENTIONS_ONLY, Modes
from channels.staff_rule import StaffRule
from core.domain.errors import ConfigError

CHANNEL: Final = "telegram"
PATH: Final = "/webhooks/telegram"
WANTED: Final = ("message", "edited_message", "callback_query", "message_reaction", "my_chat_member")
"""``allowed_updates``: reactions are told only to bots that name them."""
OFFICIAL: Final = "https://api.telegram.org"
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{8,}").fullmatch
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}").fullmatch


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """``webhook_secrets``: the first is told to Telegram, all are believed (rotation). ``api_base_url`` is an origin.

    ``poll_seconds``: how long one long poll waits. ``button_life``: how long a button below an answer works.
    ``modes``: what is heard in groups; ``staff_rule``: who is a colleague there.
    """

    bot_token: str = field(repr=False)
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    api_base_url: str = OFFICIAL
    poll_seconds: int = 25
    button_life: timedelta = timedelta(days=2)
    modes: Modes = MENTIONS_ONLY
    staff_rule: StaffRule = field(default_factory=StaffRule)

    def __post_init__(self) -> None:
        """Raises ConfigError, which names the setting and never shows a secret."""
        if not _TOKEN(self.bot_token):
            raise ConfigError("TELEGRAM_BOT_TOKEN is not a bot's token: it looks like 123456:ABC-DEF, from @BotFather.")
        if self.mode not in ("polling", "webhook"):
            raise ConfigError("TELEGRAM_MODE is polling or webhook.")
        if not all(_SECRET(secret) for secret in self.webhook_secrets):
            raise ConfigError("TELEGRAM_WEBHOOK_SECRET takes 1 to 256 letters, digits, _ and - (Telegram's own rule).")
        if self.mode == "webhook" and not self.webhook_secrets:
            raise ConfigError("TELEGRAM_MODE=webhook needs TELEGRAM_WEBHOOK_SECRET: any long random word.")

    @property
    def account(self) -> str:
        """The bot's id, which is the first part of its token."""
        return self.bot_token.partition(":")[0]

    @property
    def origin(self) -> str:
        """The base URL without a slash at its end."""
        return self.api_base_url.rstrip("/")
