"""Customers on the phone, through Twilio."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, SecretStr

from config.addresses import WebAddress
from config.groups import SettingsGroup


class SmsGroup(SettingsGroup):
    """Customers on the phone, through Twilio."""

    title: ClassVar[str] = "SMS and WhatsApp"

    twilio_account_sid: str | None = Field(
        None, description="Switches SMS on, with TWILIO_AUTH_TOKEN: the account (AC…)."
    )
    twilio_auth_token: SecretStr | None = Field(None, description="Proves requests, and makes calls. A list.")
    twilio_from: str | None = Field(None, description="The number that sends, or a Messaging Service (MG…).")
    twilio_whatsapp_from: str | None = Field(None, description="The WhatsApp sender, such as +15551234567.")
    twilio_whatsapp_template: str | None = Field(
        None,
        description="A content template (HX…) with one variable, the text: what goes out when the 24 hours are over.",
    )
    twilio_api_base_url: WebAddress = Field(description="Twilio's API origin, without a path.")
    twilio_messages_per_second: float = Field(
        1.0, gt=0, le=1000, description="What your number may send: 1 for a long code in the US, more for others."
    )
    twilio_shorten_links: bool = Field(
        False, description="Twilio shortens links in messages (needs a domain of yours there)."
    )
    twilio_keywords: bool = Field(True, description="Twilio answers STOP, START and HELP itself (its default).")
