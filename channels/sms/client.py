"""Twilio's API over aiohttp. Not twilio-python: its client blocks the event loop, and takes no other origin than Twilio's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import urljoin, urlsplit

import aiohttp

from channels.sms.errors import refusal
from channels.sms.settings import TWILIO_ORIGIN, SmsSettings
from channels.sms.wire import (
    AccountResource,
    MediaResource,
    MessageResource,
    NumberResource,
    Page,
    ServiceResource,
)
from core.domain.errors import AuthFailed, ChannelError, OutcomeUnknown, Unreachable

_MESSAGING_ORIGIN = "https://messaging.twilio.com"
_MESSAGING_PATH = "/messaging"
"""Where Messaging Services are on another origin than Twilio's, which has a host for them (as test servers do it)."""
_PAGE_SIZE = "100"
_CONNECT_SECONDS = 5.0
_FAILURES = HTTPStatus.INTERNAL_SERVER_ERROR
_SPEAKING_STATUSES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""These mean what they say, whoever says them."""
_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class Client:
    """One account. During a rotation of the auth token the one that works is found by itself."""

    def __init__(self, http: aiohttp.ClientSession, settings: SmsSettings) -> None:
        self._http = http
        self._settings = settings
        self._tokens = list(settings.auth_tokens)
        self._account = f"{settings.origin}/2010-04-01/Accounts/{settings.account_sid}"
        messaging = _MESSAGING_ORIGIN if settings.origin == TWILIO_ORIGIN else settings.origin + _MESSAGING_PATH
        self._services = f"{messaging}/v1/Services"
        self._timeout = aiohttp.ClientTimeout(total=settings.request_timeout, sock_connect=_CONNECT_SECONDS)

    @property
    def authorizations(self) -> list[str]:
        """Headers, the one that worked last first; files want them, too."""
        return [aiohttp.encode_basic_auth(self._settings.account_sid, token) for token in self._tokens]

    async def create(self, form: Mapping[str, str]) -> MessageResource:
        """Send a message. Raises a ChannelError, OutcomeUnknown when Twilio may have taken it."""
        return cast(MessageResource, await self._call("POST", f"{self._account}/Messages.json", form=form))

    async def messages(self, **query: str) -> AsyncIterator[list[MessageResource]]:
        """Pages, the newest messages first. ``query``: To, From, and so on."""
        async for page in self._pages(f"{self._account}/Messages.json", query):
            yield cast("list[MessageResource]", page.get("messages") or [])

    async def media(self, message_sid: str) -> list[MediaResource]:
        """The files of a message."""
        page = await self._read(f"{self._account}/Messages/{message_sid}/Media.json", {})
        return cast("list[MediaResource]", page.get("media_list") or [])

    def media_url(self, media: MediaResource) -> str:
        """Where the file itself is."""
        return self._settings.origin + media.get("uri", "").removesuffix(".json")

    async def account(self) -> AccountResource:
        """Raises AuthFailed for a wrong SID or token."""
        return cast(AccountResource, await self._read(f"{self._account}.json", {}))

    async def numbers(self, **query: str) -> AsyncIterator[NumberResource]:
        """The account's numbers."""
        async for page in self._pages(f"{self._account}/IncomingPhoneNumbers.json", query):
            for number in page.get("incoming_phone_numbers") or []:
                yield cast(NumberResource, number)

    async def service(self, sid: str) -> ServiceResource:
        """A Messaging Service."""
        return cast(ServiceResource, await self._read(f"{self._services}/{sid}", {}))

    async def _pages(self, url: str, query: Mapping[str, str]) -> AsyncIterator[Page]:
        """Only pages of the origin that was asked: the next one is named by a path."""
        page = await self._read(url, {**query, "PageSize": _PAGE_SIZE})
        yield page
        while (following := page.get("next_page_uri")) is not None:
            target = urljoin(url, str(following))
            if urlsplit(target)[:2] != urlsplit(url)[:2]:
                return
            page = await self._read(target, {})
            yield page

    async def _read(self, url: str, query: Mapping[str, str]) -> Page:
        """Asking changes nothing, so what is unknown of a write is merely unreachable here."""
        try:
            return await self._call("GET", url, query=query)
        except OutcomeUnknown as error:
            raise Unreachable(error.detail) from error

    async def _call(
        self, method: str, url: str, *, query: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None
    ) -> Page:
        for left in range(len(self._tokens) - 1, -1, -1):
            try:
                return await self._try(method, url, query, form)
            except AuthFailed:
                if not left:
                    raise
                self._tokens.append(self._tokens.pop(0))
        raise AuthFailed("There is no auth token.")

    async def _try(
        self, method: str, url: str, query: Mapping[str, str] | None, form: Mapping[str, str] | None
    ) -> Page:
        headers = {"Authorization": self.authorizations[0]}
        try:
            async with self._http.request(
                method, url, params=query, data=form, headers=headers, timeout=self._timeout, allow_redirects=False
            ) as response:
                body = await response.read()
        except _NOT_CONNECTED as error:
            raise Unreachable(f"Twilio was not reached: {_said(error)}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise OutcomeUnknown(f"Twilio did not answer: {_said(error)}") from error
        answer = _json(body)
        if response.status in (HTTPStatus.OK, HTTPStatus.CREATED) and answer is not None:
            return answer
        raise _refused(response.status, answer, response.headers.get("Retry-After"))


def _refused(status: int, answer: Page | None, retry_after: str | None) -> ChannelError:
    """Somebody who does not speak as Twilio does (a proxy, a wrong address) refused on nobody's behalf."""
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return OutcomeUnknown(f"Twilio answered {status} with something that is not its own.")
    if status < HTTPStatus.BAD_REQUEST or (answer is None and status not in _SPEAKING_STATUSES and status < _FAILURES):
        return Unreachable(f"What answers under TWILIO_API_BASE_URL is not Twilio's API ({status}).")
    code = (answer or {}).get("code")
    said = (answer or {}).get("message")
    return refusal(status, code if isinstance(code, int) else None, str(said) if said else None, retry_after)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
