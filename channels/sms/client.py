"""Twilio's API through its own library, over our transport."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import aiohttp
import structlog
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client as TwilioClient
from twilio.rest.api.v2010.account import AccountInstance
from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from twilio.rest.api.v2010.account.message.media import MediaInstance

from channels.sms.errors import refusal
from channels.sms.settings import TWILIO_ORIGIN, SmsSettings
from channels.transport import Transport
from core.domain.errors import ChannelError, OutcomeUnknown, Unreachable

_MESSAGING_HOST = "messaging.twilio.com"
_MESSAGING_PATH = "/messaging"
"""Where Messaging Services are on another origin than Twilio's, which has a host for them (as test servers do it)."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PAGE_SIZE = 100
_CONNECT_SECONDS = 5.0
_SECONDS = 10.0
_SHOWN = 200
_FAILURES = HTTPStatus.INTERNAL_SERVER_ERROR
_SPEAKING_STATUSES = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
"""These mean what they say, whoever says them."""
_HERE = {"TWILIO_EDGE": "", "TWILIO_REGION": ""}
"""What the library would read in the environment of the process."""

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


def open_transport(**options: Any) -> Transport:
    """For one channel between its start and its stop."""
    return Transport("Twilio", seconds=_SECONDS, connect_seconds=_CONNECT_SECONDS, **options)


class Client:
    """One account. During a rotation of the auth token the one that works is found by itself."""

    def __init__(self, transport: Transport, settings: SmsSettings) -> None:
        self._settings = settings
        self._http = _Http(transport, settings)
        self._twilio = TwilioClient(settings.account_sid, "-", http_client=self._http, environment=_HERE)
        self._account = self._twilio.api.v2010.accounts(settings.account_sid)

    @property
    def authorizations(self) -> list[str]:
        """Headers, the one that worked last first; files want them, too."""
        return self._http.authorizations

    async def create(self, **message: Any) -> MessageInstance:
        """Send a message. Raises a ChannelError, OutcomeUnknown when Twilio may have taken it."""
        return await _answered(self._account.messages.create_async(**message))

    async def messages(
        self, since: datetime, dated: Callable[[MessageInstance], datetime], **query: str
    ) -> AsyncIterator[list[MessageInstance]]:
        """Pages, the newest messages first, until all that follow are older. ``query``: to, from_, and so on."""
        async for page in _pages(self._account.messages.page_async, query):
            yield page
            if page and dated(page[-1]) < since and dated(page[0]) >= dated(page[-1]):
                return

    async def media(self, message_sid: str) -> list[MediaInstance]:
        """The files of a message."""
        return await _read(self._account.messages(message_sid).media.list_async())

    def media_url(self, media: MediaInstance) -> str:
        """Where the file itself is."""
        return self._settings.origin + str(media.uri or "").removesuffix(".json")

    async def account(self) -> AccountInstance:
        """Raises AuthFailed for a wrong SID or token."""
        return await _read(self._account.fetch_async())

    async def numbers(self, **query: str) -> AsyncIterator[IncomingPhoneNumberInstance]:
        """The account's numbers."""
        async for page in _pages(self._account.incoming_phone_numbers.page_async, query):
            for number in page:
                yield number

    async def service(self, sid: str) -> Any:
        """A Messaging Service, as the library's ServiceInstance: its module is loaded for the doctor only."""
        return await _read(self._twilio.messaging.v1.services(sid).fetch_async())


def created_at(message: MessageInstance) -> datetime:
    """When Twilio made a message, also of one that still waits; long ago where it does not tell."""
    return message.date_created or message.date_sent or _LONG_AGO


def came_at(message: MessageInstance) -> datetime:
    """When Twilio told us of a message to us, or would have; long ago where it does not tell."""
    return message.date_sent or message.date_created or _LONG_AGO


class _Http(AsyncHttpClient):  # type: ignore[misc]  # the library has no types
    """The library's way to the network: each request once with each auth token, until one is accepted.

    What is refused raises our errors before the library makes its own of it: those lose Retry-After, and in lists the code.
    """

    def __init__(self, transport: Transport, settings: SmsSettings) -> None:
        super().__init__(_log, is_async=True)
        self._transport = transport
        self._seconds = settings.request_timeout
        self._origin = settings.origin
        self.authorizations = [aiohttp.encode_basic_auth(settings.account_sid, one) for one in settings.auth_tokens]

    async def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: object = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """See twilio.http.AsyncHttpClient.request. Raises a ChannelError."""
        url, body = self._url(uri), urlencode(data, doseq=True).encode() if data else None
        query = {name: str(value) for name, value in (params or {}).items()}
        for _ in self.authorizations:
            used = self.authorizations[0]
            given = {**(headers or {}), "Authorization": used}
            async with self._transport.request(
                method, url, params=query, data=body, headers=given, seconds=self._seconds
            ) as response:
                status, answer = response.status, await response.read()
                pause = response.headers.get("Retry-After")
            if status != HTTPStatus.UNAUTHORIZED:
                break
            if self.authorizations[0] is used:  # another request may have turned to the next one meanwhile
                self.authorizations.append(self.authorizations.pop(0))
        if status in (HTTPStatus.OK, HTTPStatus.CREATED):
            return Response(status, answer.decode(errors="replace"))
        raise _refused(status, _json(answer), pause)

    def _url(self, url: str) -> str:
        """At the configured origin."""
        if self._origin == TWILIO_ORIGIN:
            return url
        parts = urlsplit(url)
        messaging = _MESSAGING_PATH if parts.hostname == _MESSAGING_HOST else ""
        return f"{self._origin}{messaging}{parts.path}" + (f"?{parts.query}" if parts.query else "")


async def _answered(call: Awaitable[Result]) -> Result:
    try:
        return await call
    except ChannelError:
        raise
    except Exception as error:  # the library fails in every way on an answer that is not Twilio's
        _log.error("sms.unreadable", error=f"{type(error).__name__}: {error}"[:_SHOWN])
        detail = f"Twilio answered with something that is not its own: {type(error).__name__}."
        raise OutcomeUnknown(detail) from error


async def _read(call: Awaitable[Result]) -> Result:
    """Asking changes nothing, so what is unknown of a write is merely unreachable here."""
    try:
        return await _answered(call)
    except OutcomeUnknown as error:
        raise Unreachable(error.detail) from error


async def _pages(first: Callable[..., Awaitable[Any]], query: Mapping[str, str]) -> AsyncIterator[list[Any]]:
    page = await _read(first(page_size=_PAGE_SIZE, **query))
    while page is not None:
        yield await _read(_records(page))
        page = await _read(page.next_page_async())


async def _records(page: Any) -> list[Any]:
    return list(page)


def _refused(status: int, answer: Mapping[str, Any] | None, retry_after: str | None) -> ChannelError:
    """Somebody who does not speak as Twilio does (a proxy, a wrong address) refused on nobody's behalf."""
    if status < HTTPStatus.MULTIPLE_CHOICES:
        return OutcomeUnknown(f"Twilio answered {status} with something that is not its own.")
    if answer is None and status not in _SPEAKING_STATUSES and status < _FAILURES:
        return Unreachable(f"What answers under TWILIO_API_BASE_URL is not Twilio's API ({status}).")
    code = (answer or {}).get("code")
    said = (answer or {}).get("message")
    return refusal(status, code if isinstance(code, int) else None, str(said) if said else None, retry_after)


def _json(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None
