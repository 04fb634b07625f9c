"""One HTTP transport beneath the platforms' libraries: it sends a request once and says whether it can have had an effect.

A request that never began raises Unreachable and may be sent again. One that was sent and not answered in full raises
OutcomeUnknown; where it only reads, Unreachable. Neither these errors nor anything logged here contains an address or a header:
Telegram's token is part of every address, Slack's upload addresses are credentials.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from core.domain.errors import OutcomeUnknown, Unreachable

_MAX_ANSWER: Final = 16 * 1024 * 1024
"""Bytes."""
_IDLE_SECONDS: Final = 15.0
"""An unused connection is closed on our side after this time, so that a write does not meet one that the platform has closed."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_NOT_BEGUN: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
FAILURES: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What aiohttp raises when a request or the reading of its answer fails."""


class Transport:
    """The connections to one platform. Has the methods that slack_sdk uses of an ``aiohttp.ClientSession``.

    ``seconds`` bounds a whole exchange, ``connect_seconds`` the wait for a connection, with its name look-up and TLS.
    ``reads`` names the last part of the paths whose POST requests change nothing.
    ``middlewares`` are aiohttp's.
    """

    closed = False
    """Always, for slack_sdk: it would replace a closed session by one of its own."""

    def __init__(
        self,
        platform: str,
        *,
        seconds: float,
        connect_seconds: float = 3.0,
        reads: Collection[str] = (),
        middlewares: Sequence[aiohttp.ClientMiddlewareType] = (),
    ) -> None:
        self._platform = platform
        self._seconds = seconds
        self._connect_seconds = connect_seconds
        self._reads = frozenset(reads)
        connector = aiohttp.TCPConnector(limit=64, keepalive_timeout=_IDLE_SECONDS)
        # Cookies would tie the requests of several accounts together.
        self.session = aiohttp.ClientSession(
            connector=connector,
            response_class=_Response,
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_send_once, *middlewares),
        )

    async def close(self) -> None:
        """Give all connections up; later requests raise Unreachable."""
        await self.session.close()

    @asynccontextmanager
    async def request(
        self, method: str, url: str, *, seconds: float | None = None, **options: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send once, without following redirects; errors while the answer is read inside the block are translated as well.

        ``seconds`` replaces the transport's own; ``options`` are those of ``aiohttp.ClientSession.request``.
        Raises Unreachable, OutcomeUnknown.
        """
        if self.session.closed:
            raise Unreachable(f"The connection to {self._platform} is closed.")
        total = self._seconds if seconds is None else seconds
        timeout = aiohttp.ClientTimeout(total=total, connect=min(self._connect_seconds, total / 2))
        try:
            async with self.session.request(
                method, url, **options | {"timeout": timeout, "allow_redirects": False}
            ) as response:
                if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
                    raise Unreachable(f"What answers there is not {self._platform}: a redirect ({response.status}).")
                yield response
                return
        except _NOT_BEGUN as error:
            failure: Unreachable | OutcomeUnknown = Unreachable(
                f"{self._platform} was not reached: {describe_failure(error)}"
            )
        except FAILURES as error:
            detail = f"{self._platform} was asked, but did not answer in full: {describe_failure(error)}"
            is_read = method in _SAFE_METHODS or url.partition("?")[0].rpartition("/")[2] in self._reads
            failure = Unreachable(detail) if is_read else OutcomeUnknown(detail)
        raise failure  # outside of the handlers: the error's context would hold the address


def describe_failure(error: BaseException) -> str:
    """A failure of aiohttp without any address; of a connection its host and reason."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {error.os_error.strerror or type(error.os_error).__name__}"
    return type(error.__cause__ or error).__name__


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Raise what aiohttp does not repeat: after a broken connection it would send a GET a second time."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
        raise aiohttp.ClientConnectionError from error


class _Response(aiohttp.ClientResponse):
    """Reads no more than ``_MAX_ANSWER``, and shows no address in warnings of the event loop."""

    async def read(self) -> bytes:
        """Raises aiohttp.ClientPayloadError for an answer that is too large."""
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_any():
                body += chunk
                if len(body) > _MAX_ANSWER:
                    self.close()
                    raise aiohttp.ClientPayloadError("The answer is too large.")
            self._body = bytes(body)
        return await super().read()

    def __repr__(self) -> str:
        return f"<Response [{self.status}]>"
