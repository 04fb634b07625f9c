"""A client that hangs up, or sends half a body, is no failure of the hub: no error in the log, no 5xx in the count."""

from __future__ import annotations

import asyncio
import re
import zlib

import aiohttp
import pytest

from tests.e2e.visitor import visiting
from tests.fixtures.hub import MakeHub
from tests.integration.api.test_connections import connected, rest
from tests.servers.hub import Hub
from tests.unit.core.eventually import eventually

_PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n'

_PACKED = zlib.compress(b"x" * 30_000_000)


@pytest.fixture
def own(make_hub: MakeHub) -> Hub:
    """A hub whose log has nothing of other tests."""
    return make_hub()


async def _counted(hub: Hub, status: str) -> float:
    async with aiohttp.ClientSession(headers=hub.operator) as http, http.get(f"{hub.url}/metrics") as answer:
        text = await answer.text()
    found = re.findall(rf'switchboard_http_requests_total{{.*status="{status}"}} (\S+)', text)
    return sum(map(float, found))


async def test_an_upload_that_breaks_off_is_the_clients_doing(own: Hub) -> None:
    async with visiting(own) as visitor:
        head = (
            f"POST {visitor.files_path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {visitor.session['token']}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 90000\r\n\r\n"
        )
        async with connected(own) as (_, writer):
            writer.write(head.encode() + _PART + b"x" * 10_000)
            await writer.drain()
            await asyncio.to_thread(own.is_live)  # by then its beginning has arrived
            writer.transport.abort()

    async def seen() -> bool:
        return await _counted(own, "499") == 1

    await eventually(seen)
    assert await _counted(own, "5..") == 0
    assert "request.failed" not in own.log.read_text()
    assert "Traceback" not in own.log.read_text()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, b"Transfer-Encoding: chunked\r\n\r\nzz\r\nnonsense\r\n\r\n"),
        (415, b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\nthis is not packed !"),
        (415, b"Content-Encoding: Deflate\r\nContent-Length: %d\r\n\r\n%s" % (len(_PACKED), _PACKED)),
        (415, b"Content-Encoding: gzip, identity\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
        (200, b"Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}"),
    ],
)
async def test_a_body_that_cannot_be_read_is_the_clients_doing(own: Hub, status: int, body: bytes) -> None:
    head = b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
    async with connected(own) as (reader, writer):
        writer.write(head + body)
        answer = await rest(reader)
    assert re.match(rb"HTTP/1.[01] %d" % status, answer), answer
    assert await _counted(own, "5..") == 0
    assert "Traceback" not in own.log.read_text()
