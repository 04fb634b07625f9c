"""What a call that did not go well proves: that nothing happened, or nothing at all."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import TestServer

from channels.telegram import client
from channels.telegram.client import BotApi, Refused
from channels.transport import Transport
from core.domain.errors import ChannelError, OutcomeUnknown, RateLimited, Rejected, Unreachable

TOKEN = "123456789:FAKE-token_of_a_bot_in_tests"


class _Silent(AbstractResolver):
    """A name server that does not answer."""

    def __init__(self, **_: object) -> None:
        """As aiohttp makes its own."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing is open."""


async def test_a_name_that_is_not_found_in_time_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aiohttp.connector, "DefaultResolver", _Silent)
    transport = Transport("Telegram", seconds=5.0, connect_seconds=0.05)
    with pytest.raises(Unreachable) as caught:
        await BotApi("http://telegram.example", TOKEN, transport).call("sendMessage", {"chat_id": 1, "text": "x"})
    assert TOKEN not in caught.value.detail
    await transport.close()


@pytest.fixture
async def answers() -> AsyncIterator[tuple[BotApi, list[web.Response | float]]]:
    """A server that answers what is put into the list, or is silent for so long."""
    prepared: list[web.Response | float] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        next_one = prepared.pop(0)
        if isinstance(next_one, float):
            await asyncio.sleep(next_one)
            return web.Response()
        return next_one

    app = web.Application()
    app.router.add_post("/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server(shutdown_timeout=0.1, access_log=None)
    transport = client.open_transport()
    yield BotApi(str(server.make_url("")).rstrip("/"), TOKEN, transport), prepared
    await transport.close()
    await server.close()


def _json(status: int, text: str, **headers: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="application/json", headers=headers)


@pytest.mark.parametrize(
    ("answer", "write", "read"),
    [
        (_json(200, "<html>Log in to this network</html>"), OutcomeUnknown, Unreachable),
        (_json(200, '{"ok": tr'), OutcomeUnknown, Unreachable),
        (_json(504, "Gateway Time-out"), OutcomeUnknown, Unreachable),
        (_json(503, ""), OutcomeUnknown, Unreachable),
        (_json(502, "<html>Bad Gateway</html>"), OutcomeUnknown, Unreachable),
        (_json(404, "<html>nginx</html>"), Unreachable, Unreachable),
        (_json(301, "", Location="https://elsewhere.example/"), Unreachable, Unreachable),
        (_json(413, "<html>too large</html>"), Refused, Refused),
        (_json(400, '{"ok": false, "error_code": 400, "description": "Bad Request"}'), Refused, Refused),
        (_json(400, '{"ok": false, "error_code": "x", "description": 5}'), Refused, Refused),
        (_json(500, '{"ok": false, "error_code": 500, "description": "Internal"}'), OutcomeUnknown, Unreachable),
    ],
)
async def test_what_an_answer_proves(
    answers: tuple[BotApi, list[web.Response | float]],
    answer: web.Response,
    write: type[ChannelError],
    read: type[ChannelError],
) -> None:
    api, prepared = answers
    for method, error in (("sendMessage", write), ("getMe", read)):
        prepared.append(web.Response(status=answer.status, body=answer.body, headers=answer.headers))
        with pytest.raises(error):
            await api.call(method, {"chat_id": 1, "text": "x"} if method == "sendMessage" else None)


async def test_an_unexpected_failure_proves_nothing(
    answers: tuple[BotApi, list[web.Response | float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(response: aiohttp.ClientResponse) -> bytes:
        raise RuntimeError("a fault of ours")

    api, prepared = answers
    monkeypatch.setattr(aiohttp.ClientResponse, "read", broken)
    prepared.append(_json(200, '{"ok": true, "result": {}}'))
    with pytest.raises(OutcomeUnknown):
        await api.call("sendMessage", {"chat_id": 1, "text": "x"})


async def test_silence_after_the_write_proves_nothing(
    answers: tuple[BotApi, list[web.Response | float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_ANSWER", 0.05)
    api, prepared = answers
    prepared += [0.3, 0.3]
    with pytest.raises(OutcomeUnknown):
        await api.call("sendMessage", {"chat_id": 1, "text": "x"})
    with pytest.raises(Unreachable):
        await api.call("getMe")


@pytest.mark.parametrize(
    ("body", "headers", "pause"),
    [
        ('{"ok": false, "error_code": 429, "description": "x", "parameters": {"retry_after": 35}}', {}, 35.0),
        ("", {"Retry-After": "12"}, 12.0),
        ("", {}, 5.0),
        ('{"ok": false, "error_code": 429, "description": "x", "parameters": []}', {}, 5.0),
    ],
)
async def test_how_long_a_pause_is(
    answers: tuple[BotApi, list[web.Response | float]], body: str, headers: dict[str, str], pause: float
) -> None:
    api, prepared = answers
    prepared.append(_json(429, body, **headers))
    with pytest.raises(RateLimited) as caught:
        await api.call("sendMessage", {"chat_id": 1, "text": "x"})
    assert caught.value.retry_after == pause


@pytest.mark.parametrize("path", ["../x", "a/../b", "/x", "x?y", "x#y", "x\\y", "x\ny"])
def test_a_path_that_leads_elsewhere_is_none(path: str) -> None:
    api = BotApi("https://api.telegram.org", TOKEN, None)  # type: ignore[arg-type]
    with pytest.raises(Rejected):
        api.file_url(path)


def test_a_path_is_below_the_bots_own() -> None:
    api = BotApi("https://api.telegram.org", TOKEN, None)  # type: ignore[arg-type]
    assert api.file_url("photos/file_1.jpg") == f"https://api.telegram.org/file/bot{TOKEN}/photos/file_1.jpg"


async def test_the_library_logs_no_token(
    answers: tuple[BotApi, list[web.Response | float]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport = client.open_transport()
    BotApi("http://telegram.example", TOKEN, transport)
    await transport.close()
    api, prepared = answers
    prepared += [_json(200, '{"ok": true, "result": {"id": "no user"}}'), _json(200, "what a customer wrote")]
    for _ in range(2):
        with pytest.raises(Unreachable):
            await api.call("getMe")
    assert TOKEN not in caplog.text
    assert "what a customer wrote" not in caplog.text
