"""HTTP to a company's own servers: no other address than a settings' one, no redirect, no proxy, and bounded answers."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import cast

import httpx2

from core.domain.errors import ConfigError

Check = Callable[[str, Sequence[str]], None]
"""Raises OSError for a host with one of these IP addresses that must not be asked (CWE-918)."""

_CONNECT_SECONDS = 5.0
_REACH_SECONDS = 10.0
_MOST_ADDRESSES = 4
LARGEST = 4 * 1024 * 1024
"""Bytes of one answer."""


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def http_client(
    check: Check, headers: Mapping[str, str], largest: int = LARGEST, *, streams: bool = False
) -> httpx2.AsyncClient:
    """For one server; ``headers`` go with each request and may hold secrets. It sets no limit to the whole call's time.

    ``largest``: bytes of one answer. ``streams``: event streams may go on, as who reads them bounds each event.
    """
    return httpx2.AsyncClient(
        transport=_GuardedTransport(check, largest, streams=streams),
        headers={"Accept-Encoding": "identity", "User-Agent": "switchboard", **headers},
        timeout=httpx2.Timeout(None, connect=_CONNECT_SECONDS),
        trust_env=False,
        follow_redirects=False,
    )


class _GuardedTransport(httpx2.AsyncBaseTransport):
    """Connects to the very addresses that were checked, so that a name that leads elsewhere the second time gains nothing."""

    def __init__(self, check: Check, largest: int, *, streams: bool) -> None:
        self._check = check
        self._largest = largest
        self._streams = streams
        self._inner = httpx2.AsyncHTTPTransport(verify=_tls())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.ConnectError as long as nothing was sent."""
        failure = httpx2.ConnectError("its name has no address", request=request)
        for address in await self._addresses(request):
            there = httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": request.url.host},
            )
            try:
                return self._bounded(await self._inner.handle_async_request(there), request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = httpx2.ConnectError(str(error), request=request)
        raise failure

    async def _addresses(self, request: httpx2.Request) -> Sequence[str]:
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
            addresses = list(dict.fromkeys(str(one[4][0]) for one in found))
            self._check(host, addresses)
        except OSError as error:  # also of the resolver, and when it takes too long
            raise httpx2.ConnectError(str(error), request=request) from error
        return addresses[:_MOST_ADDRESSES]

    def _bounded(self, response: httpx2.Response, request: httpx2.Request) -> httpx2.Response:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise httpx2.DecodingError("the answer is compressed although that was not accepted", request=request)
        if self._streams and response.headers.get("content-type", "").startswith("text/event-stream"):
            return response
        stream = _BoundedStream(cast(httpx2.AsyncByteStream, response.stream), self._largest)
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=stream, extensions=response.extensions
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, largest: int) -> None:
        self._inner = inner
        self._largest = largest

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for block in self._inner:
            size += len(block)
            if size > self._largest:
                raise httpx2.ReadError(f"the answer is larger than {self._largest // 1024} KB")
            yield block

    async def aclose(self) -> None:
        await self._inner.aclose()


async def check_reached(url: str, check: Check) -> None:
    """Ask for nothing and wait for any answer. Raises ConfigError, which says why there is none."""
    try:
        async with (
            asyncio.timeout(_REACH_SECONDS),
            http_client(check, {}) as client,
            client.stream("HEAD", url),
        ):
            return
    except TimeoutError as error:
        raise ConfigError(f"{url} gives no answer within {_REACH_SECONDS:g} seconds.") from error
    except httpx2.HTTPError as error:
        raise ConfigError(f"{url} cannot be reached: {error}.") from error


async def fetched(url: str, check: Check, headers: Mapping[str, str]) -> bytes:
    """A document. Raises ConfigError, which says what is wrong with its address."""
    try:
        async with http_client(check, headers) as client:
            response = await client.get(url)
    except httpx2.HTTPError as error:
        raise ConfigError(f"{url} cannot be reached: {error}.") from error
    if not response.is_success:
        raise ConfigError(f"{url} answers {response.status_code}.")
    return response.content
