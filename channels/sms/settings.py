"""How the SMS channel reaches its Twilio account."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.sms.address import WHATSAPP, Address, Kind
from core.domain.errors import ConfigError

TWILIO_ORIGIN = "https://api.twilio.com"
_SERVICE = re.compile(r"MG[0-9A-Za-z]{8,64}").fullmatch
_TEMPLATE = re.compile(r"HX[0-9A-Za-z]{8,64}").fullmatch
_ACCOUNT = re.compile(r"AC[0-9A-Za-z_]{2,64}").fullmatch


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """``sender``: one of our numbers, a short code of ours, or a Messaging Service (``MG...``) with a pool of them.

    ``auth_tokens``: all of them are accepted in signatures; calls are made with the first that works. ``messages_per_second``:
    1 for a long code; a toll-free number takes 3, a short code 100, a pool the sum of its numbers. ``twilio_keywords``: Twilio
    answers STOP and START itself, as it does unless its support turned that off for the account. ``shorten_links``: let Twilio
    shorten links with the domain that is set up in the Messaging Service. ``catch_up_every`` in seconds; 0 means never.
    ``whatsapp_template``: what goes to WhatsApp customers outside the 24-hour window, a content template (``HX...``) with the
    text as its one variable. ``settle``: seconds after which a message that Twilio took is in its list.
    """

    account_sid: str
    auth_tokens: tuple[str, ...]
    sender: str | None = None
    whatsapp_sender: str | None = None
    api_base_url: str = TWILIO_ORIGIN
    messages_per_second: float = 1.0
    twilio_keywords: bool = True
    shorten_links: bool = False
    whatsapp_template: str | None = None
    catch_up_every: float = 300.0
    request_timeout: float = 10.0
    settle: float = 5.0

    def __post_init__(self) -> None:
        if not _ACCOUNT(self.account_sid):
            raise ConfigError(
                "TWILIO_ACCOUNT_SID begins with AC and has 34 characters: copy it from the Twilio Console."
            )
        if not self.auth_tokens or not all(self.auth_tokens):
            raise ConfigError("TWILIO_AUTH_TOKEN is empty: copy it from the first page of the Twilio Console.")
        if self.sender is None and self.whatsapp_sender is None:
            raise ConfigError("Set TWILIO_FROM or TWILIO_WHATSAPP_FROM: without a number nothing can be sent.")
        if self.sender is not None and not _SERVICE(self.sender) and Address.read(self.sender).kind is Kind.NAME:
            raise ConfigError("TWILIO_FROM is a number such as +15551234567, or a Messaging Service (MG...).")
        if self.whatsapp_sender is not None and Address.read(self.whatsapp_sender).kind is Kind.NAME:
            raise ConfigError("TWILIO_WHATSAPP_FROM is a number such as +15551234567.")
        if self.whatsapp_template is not None and not _TEMPLATE(self.whatsapp_template):
            raise ConfigError("TWILIO_WHATSAPP_TEMPLATE is the SID of a content template: it begins with HX.")

    @property
    def service(self) -> str | None:
        """The Messaging Service, when that is what sends."""
        return self.sender if self.sender is not None and _SERVICE(self.sender) else None

    @property
    def number(self) -> str | None:
        """The number that sends text messages, in E.164; None for a Messaging Service."""
        return Address.read(self.sender).value if self.sender is not None and self.service is None else None

    @property
    def whatsapp(self) -> str | None:
        """The WhatsApp sender as Twilio writes it: ``whatsapp:+15551234567``."""
        if self.whatsapp_sender is None:
            return None
        return WHATSAPP + Address.read(self.whatsapp_sender.removeprefix(WHATSAPP)).value

    @property
    def own_numbers(self) -> tuple[str, ...]:
        """The numbers that customers write to; those of a Messaging Service's pool are known to Twilio only."""
        return tuple(number for number in (self.number, self.whatsapp) if number is not None)

    @property
    def origin(self) -> str:
        """The API's origin, without a slash at the end."""
        return self.api_base_url.rstrip("/")
