"""The transport against real sockets: refused, reset, silent, slow, endless, redirected, and where addresses must not appear."""

from __future__ import annotations

import asyncio
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from channels.transport import Transport
from core.domain.errors import ChannelError, OutcomeUnknown, Unreachable
from tests.patience import PATIENCE
from tests.unit.core.eventually import eventually

SECRET = "123456:AAsecretsecret"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """A server that does with each connection what the test says, and counts what it was sent."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.requests = 0
        self.port = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        length = next(
            (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        return head + await reader.readexactly(length)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/bot{SECRET}/sendMessage"


@asynccontextmanager
async def serving(answer: bytes | None = None, serve: Serve | None = None) -> AsyncIterator[Peer]:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.request(reader)
        if answer is None:
            await asyncio.Event().wait()
        writer.write(answer or b"")
        await writer.drain()

    peer = Peer(serve or answering)
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    peer.port = server.sockets[0].getsockname()[1]
    async with server:
        yield peer


@pytest.fixture
async def transport(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Transport]:
    monkeypatch.setattr("channels.transport._MAX_ANSWER", 100_000)
    made = Transport("Telegram", seconds=PATIENCE, connect_seconds=PATIENCE, reads=("getMe",))
    yield made
    await made.close()


@pytest.fixture
async def impatient() -> AsyncIterator[Transport]:
    """For peers that are silent until it gives up; a busy machine connects within half of that time."""
    made = Transport("Telegram", seconds=3.0)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.DEBUG):
        yield
    assert SECRET not in caplog.text


async def ask(transport: Transport, url: str, method: str = "POST", seconds: float | None = None) -> bytes:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with transport.request(method, url, data=b"{}", headers=headers, seconds=seconds) as response:
        return await response.read()


async def failure(transport: Transport, url: str, method: str = "POST") -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        await ask(transport, url, method)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    error: BaseException | None = caught.value
    while error is not None:
        shown += str(error)
        error = error.__cause__ or error.__context__
    assert SECRET not in shown
    return caught.value


def answer(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


async def test_an_answer_is_read_with_its_headers(transport: Transport) -> None:
    async with (
        serving(answer(b"fine", headers="X-Oauth-Scopes: a,b\r\n")) as peer,
        transport.request("POST", peer.url) as response,
    ):
        assert (response.status, response.headers["x-oauth-scopes"]) == (200, "a,b")
        assert await response.read() == b"fine"


async def test_an_error_status_is_for_the_library_to_read(transport: Transport) -> None:
    async with (
        serving(answer(b'{"ok":false}', "429 Too Many Requests")) as peer,
        transport.request("POST", peer.url) as response,
    ):
        assert (response.status, await response.json(content_type=None)) == (429, {"ok": False})


async def test_a_refused_connection_never_began(transport: Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        error = await failure(transport, f"http://127.0.0.1:{port}/bot{SECRET}/sendMessage")
    assert isinstance(error, Unreachable)
    assert f"127.0.0.1:{port}" in error.detail


async def test_an_unknown_name_never_began(transport: Transport) -> None:
    assert isinstance(await failure(transport, f"http://no-such-host.invalid/bot{SECRET}/x"), Unreachable)


async def test_an_invalid_address_never_began(transport: Transport) -> None:
    assert isinstance(await failure(transport, f"http://:80:80/bot{SECRET}/x"), Unreachable)


async def test_a_tls_handshake_that_fails_never_began(transport: Transport) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"this is no TLS")
        await writer.drain()

    async with serving(serve=speak_plainly) as peer:
        assert isinstance(await failure(transport, peer.url.replace("http:", "https:")), Unreachable)
        assert peer.requests == 0


async def test_a_tls_handshake_that_is_silent_never_began(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(transport, "_connect_seconds", 0.2)
    async with serving(serve=stay_silent) as peer:
        assert isinstance(await failure(transport, peer.url.replace("http:", "https:")), Unreachable)


async def test_waiting_for_a_free_connection_never_began(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool is full of requests that are being answered slowly; one more cannot have been written."""
    connector = transport.session.connector
    assert connector is not None
    async with serving() as peer:
        busy = [asyncio.create_task(ask(transport, peer.url)) for _ in range(connector.limit)]
        await eventually(lambda: peer.requests == connector.limit)
        monkeypatch.setattr(transport, "_connect_seconds", 0.2)
        error = await failure(transport, peer.url)
        for one in busy:
            one.cancel()
        await asyncio.gather(*busy, return_exceptions=True)
    assert isinstance(error, Unreachable)
    assert peer.requests == connector.limit


async def test_a_reset_before_the_request_was_read_leaves_its_outcome_unknown(transport: Transport) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with serving(serve=reset) as peer:
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)


async def test_a_close_after_the_request_leaves_its_outcome_unknown(transport: Transport) -> None:
    async with serving(b"") as peer:
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)
        assert peer.requests == 1, "sent once and not again"


async def test_a_read_that_fails_is_unreachable_and_not_repeated(transport: Transport) -> None:
    async with serving(b"") as peer:
        assert isinstance(await failure(transport, peer.url, "GET"), Unreachable)
        assert isinstance(await failure(transport, peer.url.replace("sendMessage", "getMe?a=b/c")), Unreachable)
        assert peer.requests == 2


async def test_a_read_is_not_repeated_on_a_connection_that_was_kept(transport: Transport) -> None:
    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.request(reader)
        writer.write(answer(b"fine"))
        await peer.request(reader)

    async with serving(serve=answer_once) as peer:
        assert await ask(transport, peer.url) == b"fine"
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)
        assert peer.requests == 2


async def test_silence_leaves_the_outcome_unknown(impatient: Transport) -> None:
    async with serving() as peer:
        assert isinstance(await failure(impatient, peer.url), OutcomeUnknown)


async def test_a_call_may_take_longer_than_the_others(transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.request(reader)
        await asyncio.sleep(0.2)
        writer.write(answer(b"late"))

    monkeypatch.setattr(transport, "_seconds", 0.1)
    async with serving(serve=answer_late) as peer:
        assert await ask(transport, peer.url, seconds=PATIENCE) == b"late"


async def test_a_body_that_trickles_is_bounded_by_the_whole_time(impatient: Transport) -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await peer.request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serving(serve=trickle) as peer:
        assert isinstance(await failure(impatient, peer.url), OutcomeUnknown)


async def test_an_answer_that_breaks_off_leaves_the_outcome_unknown(transport: Transport) -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf") as peer:
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)


@pytest.mark.parametrize("length", ["Content-Length: 300000", "X: y"])
async def test_an_answer_that_is_too_large_is_not_read(transport: Transport, length: str) -> None:
    async with serving(f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode() + b"x" * 300_000) as peer:
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)
        assert isinstance(await failure(transport, peer.url, "GET"), Unreachable)


async def test_a_redirect_is_not_followed(transport: Transport) -> None:
    async with (
        serving(answer(b"stolen")) as elsewhere,
        serving(answer(b"", "302 Found", f"Location: {elsewhere.url}\r\n")) as peer,
    ):
        assert isinstance(await failure(transport, peer.url), Unreachable)
        assert elsewhere.requests == 0


async def test_what_is_not_http_leaves_the_outcome_unknown(transport: Transport) -> None:
    async with serving(b"220 mail.example ESMTP\r\n\r\n") as peer:
        assert isinstance(await failure(transport, peer.url), OutcomeUnknown)


async def test_a_closed_transport_is_unreachable(transport: Transport) -> None:
    await transport.close()
    assert isinstance(await failure(transport, f"http://127.0.0.1:9/bot{SECRET}/x"), Unreachable)


async def test_warnings_about_an_answer_left_open_show_no_address(transport: Transport) -> None:
    async with serving(answer(b"fine")) as peer, transport.session.post(peer.url) as response:
        assert SECRET not in repr(response)


async def test_slack_sdk_works_through_it_and_passes_its_errors_on(transport: Transport, impatient: Transport) -> None:
    def client(port: int, through: Transport = transport) -> AsyncWebClient:
        return AsyncWebClient(
            token=SECRET,
            base_url=f"http://127.0.0.1:{port}/",
            session=cast("aiohttp.ClientSession", through),
            retry_handlers=[],
        )

    json_type = "Content-Type: application/json\r\n"
    async with serving(answer(b'{"ok":true,"ts":"1.2"}', headers=json_type)) as peer:
        assert (await client(peer.port).chat_postMessage(channel="C1", text="hello"))["ts"] == "1.2"
    async with serving(answer(b'{"ok":false,"error":"fatal"}', headers=json_type)) as peer:
        with pytest.raises(SlackApiError):
            await client(peer.port).chat_postMessage(channel="C1", text="hello")
    async with serving() as peer:
        with pytest.raises(OutcomeUnknown):
            await client(peer.port, impatient).chat_postMessage(channel="C1", text="hello")
        assert peer.requests == 1
    with pytest.raises(Unreachable):
        await client(peer.port).chat_postMessage(channel="C1", text="hello")
    await transport.close()
    with pytest.raises(Unreachable):
        await client(peer.port).chat_postMessage(channel="C1", text="hello")
