"""Looks at the account as Twilio sees it: credentials, numbers, and where its webhooks point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance

from channels.sms.address import WHATSAPP
from channels.sms.client import Client
from channels.sms.settings import SmsSettings
from core.domain.errors import AuthFailed, ChannelError
from core.ports.channel import Diagnosis

WEBHOOK_PATH: Final = "/webhooks/twilio"
_CONSOLE_TOKEN = "copy both from the first page of console.twilio.com into TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"  # noqa: S105
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_NUMBERS = "Twilio Console, Phone Numbers, Manage, Active numbers"
_SERVICES = "Twilio Console, Messaging, Services"


class Doctor:
    """Asks, and changes nothing."""

    def __init__(self, client: Client, settings: SmsSettings, public_url: str | None) -> None:
        self._client = client
        self._settings = settings
        self._webhook = public_url.rstrip("/") + WEBHOOK_PATH if public_url else None

    async def diagnose(self) -> Sequence[Diagnosis]:
        """Stops at the credentials when these do not work: nothing else can be seen without them."""
        account = await self._account()
        found = [account, self._address()]
        if not account.ok:
            return found
        for check in (self._number, self._service, self._whatsapp):
            try:
                found += await check()
            except ChannelError as error:
                found.append(Diagnosis("Twilio", ok=False, detail=error.detail, fix="Try again in a minute."))
        return found

    async def _account(self) -> Diagnosis:
        name = "Twilio account"
        try:
            account = await self._client.account()
        except AuthFailed as error:
            return Diagnosis(name, ok=False, detail=error.detail, fix=f"Wrong SID or token: {_CONSOLE_TOKEN}.")
        except ChannelError as error:
            fix = f"Check that this machine reaches {self._settings.origin} (TWILIO_API_BASE_URL)."
            return Diagnosis(name, ok=False, detail=error.detail, fix=fix)
        status = account.status or "active"
        if status != "active":
            fix = "Sign in to the Twilio Console and see why; usually it wants a payment."
            return Diagnosis(name, ok=False, detail=f"The account is {status}.", fix=fix)
        detail = f"{account.friendly_name or self._settings.account_sid} is active"
        return Diagnosis(name, ok=True, detail=f"{detail} (trial)." if account.type == "Trial" else f"{detail}.")

    def _address(self) -> Diagnosis:
        name = "Public address"
        if self._webhook is None:
            fix = "Set PUBLIC_URL to the https address under which Twilio reaches this hub."
            return Diagnosis(
                name, ok=False, detail="PUBLIC_URL is not set: no message comes in, no file goes out.", fix=fix
            )
        where = urlsplit(self._webhook)
        if where.scheme != "https" and where.hostname not in _LOOPBACK:
            fix = "Put TLS in front of the hub and set PUBLIC_URL to the https address."
            return Diagnosis(name, ok=False, detail=f"{self._webhook} is not https.", fix=fix)
        return Diagnosis(name, ok=True, detail=f"Twilio is to send to {self._webhook}.")

    async def _number(self) -> Sequence[Diagnosis]:
        number = self._settings.number
        if number is None:
            return []
        name = f"Number {number}"
        async for found in self._client.numbers(phone_number=number):
            if found.phone_number != number:
                continue
            if not (found.capabilities or {}).get("sms", True):
                fix = "Buy a number with SMS, and set TWILIO_FROM to it."
                return [Diagnosis(name, ok=False, detail="This number cannot send text messages.", fix=fix)]
            return [Diagnosis(name, ok=True, detail="Belongs to the account and has SMS."), self._points(found)]
        fix = f"Set TWILIO_FROM to a number from {_NUMBERS}, written like +15551234567."
        return [Diagnosis(name, ok=False, detail="The account has no such number.", fix=fix)]

    def _points(self, number: IncomingPhoneNumberInstance) -> Diagnosis:
        where = f"{_NUMBERS}, {number.phone_number}, Messaging configuration, 'A message comes in'"
        if number.sms_application_sid:
            detail = "A TwiML app handles this number's messages, not the webhook."
            return Diagnosis("Webhook", ok=False, detail=detail, fix=self._set(where))
        return self._compared(number.sms_url, number.sms_method, where)

    async def _service(self) -> Sequence[Diagnosis]:
        sid = self._settings.service
        if sid is None:
            return []
        name = f"Messaging Service {sid}"
        try:
            service = await self._client.service(sid)
        except ChannelError as error:
            fix = f"Set TWILIO_FROM to a service from {_SERVICES}."
            return [Diagnosis(name, ok=False, detail=error.detail, fix=fix)]
        found = [Diagnosis(name, ok=True, detail=f"{service.friendly_name or sid} exists.")]
        where = f"{_SERVICES}, {service.friendly_name or sid}, Integration, 'Send a webhook'"
        if service.use_inbound_webhook_on_number:
            # The service leaves incoming messages to each number's own webhook.
            pool = [number async for number in self._client.numbers() if (number.capabilities or {}).get("sms")]
            return [*found, *map(self._points, pool)]
        return [*found, self._compared(service.inbound_request_url, service.inbound_method, where)]

    async def _whatsapp(self) -> Sequence[Diagnosis]:
        """Senders of WhatsApp cannot be read with this API, so this says what to look at."""
        if self._settings.whatsapp is None:
            return []
        number = self._settings.whatsapp.removeprefix(WHATSAPP)
        detail = "Twilio's API does not show this sender's webhook: compare it in the Console."
        where = f"Twilio Console, Messaging, Senders, WhatsApp senders, {number}, 'Webhook URL for incoming messages'"
        return [Diagnosis(f"WhatsApp {number}", ok=True, detail=f"{detail} {self._set(where)}")]

    def _compared(self, url: str | None, method: str | None, where: str) -> Diagnosis:
        if self._webhook is None or (url or "").rstrip("/") != self._webhook:
            detail = f"Incoming messages go to {self._without_secret_path(url)}."
            return Diagnosis("Webhook", ok=False, detail=detail, fix=self._set(where))
        if (method or "POST").upper() != "POST":
            return Diagnosis(
                "Webhook", ok=False, detail=f"The method is {method}.", fix=f"Choose HTTP POST in {where}."
            )
        return Diagnosis("Webhook", ok=True, detail=f"Incoming messages go to {url}.")

    def _without_secret_path(self, url: str | None) -> str:
        """Whole where it is this hub's or it has none; others may keep a secret in the path."""
        where = urlsplit(url or "")
        if not url or (self._webhook is not None and where.hostname == urlsplit(self._webhook).hostname):
            return url or "nowhere"
        return where.hostname or "an unknown place"

    def _set(self, where: str) -> str:
        return f"Set it to {self._webhook or 'PUBLIC_URL' + WEBHOOK_PATH} (HTTP POST) in {where}."
