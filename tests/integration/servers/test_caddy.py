"""The Caddyfile that is shipped, run by Caddy in front of a real hub with what Compose tells the hub about its proxy."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.visitor import Visitor
from tests.fixtures.hub import MakeHub
from tests.servers.caddy import Caddy, caddy
from tests.servers.compose_file import KEYS, rendered
from tests.servers.hub import Hub
from tests.servers.process import free_port

CUSTOMER_ADDRESS = "127.0.0.2"  # another address than the proxy's
LARGEST = 10 * 1024 * 1024
TOLD = ("TRUSTED_PROXIES", "PUBLIC_URL")
OWN_OF_AN_ANSWER = {"date", "x-request-id", "server"}


@dataclass
class Proxied(Hub):
    """A hub as customers see it: at the proxy's address."""

    inner: Hub
    proxy: Caddy

    @property
    def url(self) -> str:
        """Where customers reach it."""
        return self.proxy.url

    @property
    def ws_url(self) -> str:
        """The address of its WebSocket."""
        return f"wss{self.url.removeprefix('https')}/ws"


Behind = Callable[..., Proxied]


@pytest.fixture
def behind(make_hub: MakeHub, tmp_path: Path) -> Iterator[Behind]:
    """``behind(SETTING=…)``: the proxy and the hub behind it, both running."""
    port = free_port()
    with caddy(tmp_path / "caddy", port) as proxy:
        web = rendered(f"{KEYS}PUBLIC_URL={proxy.url}/\nTRUSTED_PROXIES=127.0.0.1/32\n")["web"]["environment"]
        told = {name: web[name] for name in TOLD}
        yield lambda **settings: Proxied(make_hub(port=port, environment=told | settings), proxy)


@asynccontextmanager
async def visitor(hub: Proxied) -> AsyncIterator[Visitor]:
    """A customer who has a session."""
    async with hub.proxy.client(CUSTOMER_ADDRESS) as http, http.post(f"{hub.url}/api/sessions", json={}) as answer:
        assert answer.status == 200, await answer.text()
        yield Visitor(hub, http, await answer.json())


async def test_the_page_comes_over_tls_and_plain_http_leads_to_it(behind: Behind) -> None:
    hub = behind()
    async with hub.proxy.client(CUSTOMER_ADDRESS) as http:
        async with http.get(hub.url) as page:
            assert (page.status, page.url.scheme) == (200, "https")
            assert "widget.js" in await page.text()
        plain = f"http://localhost:{hub.proxy.http_port}/widget.js"
        async with http.get(plain, allow_redirects=False) as moved:
            assert moved.status == 308
            assert moved.headers["Location"].startswith("https://localhost")


@pytest.mark.parametrize("path", ["/", "/widget.js", "/health/live", "/openapi.json", "/api/sessions/unknown"])
async def test_the_hubs_headers_are_kept(behind: Behind, path: str) -> None:
    hub = behind()
    async with hub.proxy.client(CUSTOMER_ADDRESS) as http:
        async with http.get(hub.inner.url + path) as answer:
            given = {name.lower(): value for name, value in answer.headers.items()}
        async with http.get(hub.url + path) as answer:
            passed = {name.lower(): value for name, value in answer.headers.items()}
    assert set(passed) - set(given) <= {"alt-svc"}
    assert {name: value for name, value in given.items() if passed.get(name) != value}.keys() <= OWN_OF_AN_ANSWER
    assert "x-request-id" in passed


async def test_a_conversation_over_the_websocket(behind: Behind) -> None:
    hub = behind()
    async with visitor(hub) as one, one.socket() as line:
        await line.send(type="message", content="Hello", client_id="c1")
        assert (await line.until("ack"))["client_id"] == "c1"
        assert (await line.until("complete"))["content"]


async def test_each_customer_behind_the_proxy_has_an_address_of_their_own(behind: Behind) -> None:
    """The share of sessions is an address's. What a customer claims to be does not count."""
    hub = behind(SESSIONS_PER_ADDRESS="2")
    for address in (CUSTOMER_ADDRESS, "127.0.0.3"):
        async with hub.proxy.client(address) as http:
            statuses = await asyncio.gather(*(_opened(http, hub, claim) for claim in _CLAIMS))
            assert statuses.count(200) == 2


async def _opened(http: aiohttp.ClientSession, hub: Proxied, claim: dict[str, str]) -> int:
    async with http.post(f"{hub.url}/api/sessions", json={}, headers=claim) as answer:
        return answer.status


_CLAIMS = [{}, {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2", "Forwarded": "for=203.0.113.3"}]


async def test_the_largest_file_passes_and_a_larger_one_is_refused_by_the_hub(behind: Behind) -> None:
    hub = behind()
    async with visitor(hub) as one:
        whole = await one.upload("large.txt", b"x" * (LARGEST - 1) + b"\n", "text/plain")
        assert whole.status == 200, whole.body
        refused = await one.upload("larger.txt", b"x" * (LARGEST + 1), "text/plain")
        assert refused.problem[0] == 413


async def test_an_operators_routes_are_closed_to_those_who_come_through_it(behind: Behind) -> None:
    hub = behind()
    async with hub.proxy.client(CUSTOMER_ADDRESS) as http:
        for path in ("/metrics", "/api/waiting"):
            async with http.get(hub.url + path) as answer:
                assert answer.status in (401, 403, 404), path


async def test_while_web_starts_anew_a_request_waits(behind: Behind) -> None:
    hub = behind()
    hub.inner.kill()
    async with hub.proxy.client(CUSTOMER_ADDRESS) as http:
        asked = asyncio.create_task(http.get(f"{hub.url}/health/live"))
        await asyncio.to_thread(hub.inner.start)
        async with await asked as answer:
            assert answer.status == 200, await answer.text()
