"""One stranger's connections stop nobody: those that say nothing or too little end, and there are only so many of them."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from api.connections import ConnectionGate, ConnectionLimits
from api.metrics import PrometheusMetrics
from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

_SHORT = {"FIRST_REQUEST_SECONDS": "3", "KEEPALIVE_SECONDS": "5", "REQUEST_BODY_SECONDS": "3"}
_CAP = 40
_PATIENCE = 60.0
_STEP = 0.05

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def strict(make_hub: MakeHub) -> Hub:
    """A hub of little patience."""
    return make_hub(environment={**_SHORT, "MAX_CONNECTIONS_PER_ADDRESS": str(_CAP)})


@asynccontextmanager
async def connected(hub: Hub, source: str = "127.0.0.1") -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the hub has closed."""
    async with asyncio.timeout(_PATIENCE):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


async def trickle(streams: Streams, pieces: Iterator[bytes]) -> int:
    """A piece at a time, until the hub has closed: how many it took. Fails when it takes them all."""
    reader, writer = streams
    for count, piece in enumerate(pieces):
        try:
            writer.write(piece)
            await writer.drain()
            async with asyncio.timeout(_STEP):
                if not await reader.read(1000):
                    return count
        except TimeoutError:
            continue
        except ConnectionError:
            return count
    raise AssertionError("the hub took all of it")


async def refused(hub: Hub, reason: str) -> float:
    """As /metrics tells it."""
    async with aiohttp.ClientSession(headers=hub.operator) as http, http.get(f"{hub.url}/metrics") as answer:
        text = await answer.text()
    found = re.search(rf'switchboard_connections_refused_total{{reason="{reason}"}} (\S+)', text)
    return float(found.group(1)) if found else 0.0


async def test_silent_connections_are_closed(strict: Hub) -> None:
    async with connected(strict) as (reader, _), connected(strict) as (second, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n")
        assert await rest(reader) == b""
        assert await rest(second) == b"", "half a head is no request"
    assert await refused(strict, "silent") == 2


async def test_a_head_that_trickles_is_cut_off(strict: Hub) -> None:
    async with connected(strict) as streams:
        streams[1].write(b"GET / HTTP/1.1\r\n")
        assert await trickle(streams, (f"X-{number}: y\r\n".encode() for number in range(120))) > 1


async def test_a_head_that_trickles_after_a_first_request_is_cut_off(strict: Hub) -> None:
    async with connected(strict) as streams:
        streams[1].write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await streams[0].readline()).startswith(b"HTTP/1.1 200")
        streams[1].write(b"GET / HTTP/1.1\r\n")
        await trickle(streams, (f"X-{number}: y\r\n".encode() for number in range(120)))


@pytest.mark.parametrize(
    "head",
    [b"GARBAGE", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b", b"GET /" + b"x" * 9_000, b"\x16\x03\x01", b"GET / HTTP/9.9"],
)
async def test_what_is_no_http_gets_a_short_answer_and_no_traceback(strict: Hub, head: bytes) -> None:
    async with connected(strict) as (reader, writer):
        writer.write(head + b"\r\n\r\n")
        answer = await rest(reader)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400")), answer
    assert b"aiohttp" not in answer
    assert b"application/problem+json" in answer
    assert b"This is not a valid HTTP request." in answer
    assert "Traceback" not in strict.log.read_text()


async def test_an_idle_connection_is_closed(strict: Hub) -> None:
    async with connected(strict) as (reader, writer):
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("path", ["/api/sessions", "/no/such/page", "/webhooks/slack"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_trickles_is_cut_off(strict: Hub, path: str, chunked: bool) -> None:
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 9000"
    piece = b"1\r\n \r\n" if chunked else b" "
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    async with connected(strict) as streams:
        streams[1].write(head.encode())
        await trickle(streams, (piece for _ in range(8_000)))


async def test_a_body_that_keeps_coming_is_taken(strict: Hub) -> None:
    """At the end of its 3 s it has earned more than a second for each that it takes."""
    body = b'{"locale": "en"' + b" " * 60_000 + b"}"
    head = f"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    async with connected(strict) as (reader, writer):
        writer.write(head.encode())
        for start in range(0, len(body), 500):
            writer.write(body[start : start + 500])
            with_answer = asyncio.create_task(reader.read(12))
            done, _ = await asyncio.wait({with_answer}, timeout=_STEP)
            if done:
                assert start + 500 >= len(body), done
                assert with_answer.result() == b"HTTP/1.1 200"
                return
            with_answer.cancel()
            await asyncio.gather(with_answer, return_exceptions=True)
        assert (await rest(reader)).startswith(b"HTTP/1.1 200")


async def test_one_address_holds_only_so_many_and_another_is_served(strict: Hub) -> None:
    """Its own are closed at once, or when they were silent for long enough."""
    async with asyncio.TaskGroup() as group, connected(strict, "127.0.0.2") as (reader, writer):

        async def be_silent() -> None:
            async with connected(strict) as streams:
                assert await rest(streams[0]) == b""

        silent = [group.create_task(be_silent()) for _ in range(300)]
        writer.write(b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b'"ok"' in await rest(reader)
        await asyncio.wait(silent)
    assert await refused(strict, "per_address") >= 300 - 2 * _CAP
    assert strict.get_status("/health/live") == 200


async def test_who_waits_for_an_answer_and_open_sockets_are_left_alone(strict: Hub) -> None:
    async with visiting(strict) as visitor, visitor.socket() as socket:
        path = f"/api/sessions/{visitor.id}/events?after=0&wait=7"
        answer = await visitor.call("GET", path)
        assert answer.status == 200
        await socket.ws.send_json({"type": "message", "content": "Still there?", "client_id": "c1"})
        assert (await socket.until("ack"))["client_id"] == "c1"


def test_the_limit_of_open_files_is_raised() -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (200, 900));"
        "from config.processes.descriptors import descriptor_limit, raise_descriptor_limit;"
        "raise_descriptor_limit(); print(descriptor_limit())"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "900\n"


@pytest.mark.parametrize(
    ("descriptors", "in_all", "per_address"), [(1 << 20, 10_000, 2_000), (1024, 768, 384), (64, 32, 16)]
)
def test_fewer_open_files_mean_fewer_connections(descriptors: int, in_all: int, per_address: int) -> None:
    limits = ConnectionLimits().within(descriptors, 256)
    assert (limits.in_all, limits.per_address) == (in_all, per_address)
    assert ConnectionLimits(per_address=0).within(descriptors, 256).per_address == 0


def test_addresses_are_counted_each_for_itself() -> None:
    limits = ConnectionLimits(in_all=6, per_address=2)
    gate = ConnectionGate(limits, ["10.0.0.0/8"], PrometheusMetrics(), lambda: 0.0)
    same = ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:2::3"]
    keys = [gate.enter(peer) for peer in same]
    assert keys == ["2001:db8:1:2::/64"] * 2 + [None]
    assert gate.enter("2001:db8:1:3::1")
    assert [gate.enter("10.0.0.1") for _ in range(4)] == ["10.0.0.1"] * 3 + [None], (
        "a proxy speaks for many, within all"
    )
    gate.leave("2001:db8:1:2::/64")
    assert gate.enter("::ffff:192.0.2.1") == "192.0.2.1"


class _Flood(asyncio.Protocol):
    """A client that asks and reads nothing."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        transport.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400)


async def test_who_reads_nothing_is_cut_off(strict: Hub) -> None:
    """Also where what is left unsent is too little to be noticed by the hub: then the kernel gives it up."""
    transport, _ = await asyncio.get_running_loop().create_connection(_Flood, "127.0.0.1", strict.port)
    try:
        await eventually(lambda: _cut_off(strict))
    finally:
        transport.abort()


async def _cut_off(hub: Hub) -> bool:
    async with aiohttp.ClientSession(headers=hub.operator) as http, http.get(f"{hub.url}/metrics") as answer:
        found = re.search(r"\nswitchboard_connections (\S+)", await answer.text())
    return found is not None and float(found[1]) == 1
