"""Files come from a provider's own hosts only, whatever an address or a redirect says."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from channels.download import Downloads
from core.domain.errors import AuthFailed, RateLimited, Rejected, TooLarge, Unreachable


class Loopback(AbstractResolver):
    """Every name is this machine, so that hosts can be told apart without a network."""

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        pass


class Provider:
    """Serves files, and says who asked with what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.url = ""

    async def file(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.host.partition(":")[0], request.headers.get("Authorization")))
        match request.match_info["name"]:
            case "plain":
                return web.Response(body=b"content", content_type="text/plain")
            case "long":
                response = web.StreamResponse()
                await response.prepare(request)
                for _ in range(20):
                    await response.write(b"x" * 100)
                return response
            case "cut":
                response = web.StreamResponse(headers={"Content-Length": "1000"})
                await response.prepare(request)
                await response.write(b"x" * 10)
                assert request.transport is not None
                request.transport.close()
                return response
            case name if name.isdigit():
                raise _problem(int(name))
            case _:
                raise web.HTTPFound(request.query.get("to", request.path))


def _problem(status: int) -> Exception:
    class Problem(web.HTTPException):
        status_code = status

    return Problem(headers={"Retry-After": "9"})


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    found = Provider()
    app = web.Application()
    app.router.add_get("/{name}", found.file)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.url = f"http://files.example:{runner.addresses[0][1]}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def downloads(provider: Provider) -> AsyncIterator[Downloads]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback())) as http:
        yield Downloads(http, [".cdn.example"], limit=1000, base=provider.url, credentialed=[])


async def content(downloads: Downloads, url: str) -> bytes:
    stream = await downloads.open(url, name="a.txt", headers={"Authorization": "secret"})
    try:
        return b"".join([chunk async for chunk in stream.chunks()])
    finally:
        await stream.aclose()


async def test_a_file_of_the_provider_comes_with_its_credentials(downloads: Downloads, provider: Provider) -> None:
    assert await content(downloads, f"{provider.url}/plain") == b"content"
    assert provider.asked == [("files.example", "secret")]


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://localhost:8080/metrics",
        "https://files.example.evil.example/plain",
        "https://evil.example/.cdn.example",
        "https://cdn.example@evil.example/plain",
        "http://x.cdn.example/plain",
        "file:///etc/passwd",
        "ftp://x.cdn.example/a",
        "//x",
        "",
    ],
)
async def test_nothing_else_is_asked(downloads: Downloads, provider: Provider, address: str) -> None:
    with pytest.raises(Rejected):
        await content(downloads, address)
    with pytest.raises(Rejected):
        await content(downloads, f"{provider.url}/redirect?to={address or 'http://evil.example/'}")
    assert len(provider.asked) == 1, "only the redirect itself"


@pytest.mark.parametrize(
    "address", ["http://[x.cdn.example/a", "https://x.cdn.example:99999/a", "https://\uff0f.cdn.example/a"]
)
async def test_what_is_no_address_is_refused(downloads: Downloads, provider: Provider, address: str) -> None:
    with pytest.raises(Rejected):
        await content(downloads, address)
    assert provider.asked == []


async def test_another_port_of_the_same_host_is_another_place(downloads: Downloads, provider: Provider) -> None:
    with pytest.raises(Rejected):
        await content(downloads, "http://files.example:1/plain")


async def test_a_redirect_within_the_provider_is_followed(downloads: Downloads, provider: Provider) -> None:
    assert await content(downloads, f"{provider.url}/redirect?to=/plain") == b"content"


async def test_a_circle_ends(downloads: Downloads, provider: Provider) -> None:
    with pytest.raises(Rejected, match="circle"):
        await content(downloads, f"{provider.url}/redirect")


@pytest.mark.parametrize(
    ("status", "error"), [(401, AuthFailed), (403, AuthFailed), (404, Rejected), (429, RateLimited), (503, Unreachable)]
)
async def test_refusals_have_their_errors(
    downloads: Downloads, provider: Provider, status: int, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        await content(downloads, f"{provider.url}/{status}")
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == 9.0


async def test_a_file_that_grows_too_large_or_breaks_off(downloads: Downloads, provider: Provider) -> None:
    with pytest.raises(TooLarge):
        await content(downloads, f"{provider.url}/long")
    with pytest.raises(Unreachable):
        await content(downloads, f"{provider.url}/cut")
