"""A client that does not read costs a bounded buffer, and misses nothing when it comes back."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.http_websocket import WSMsgType

from channels.web.settings import Rate, WebSettings
from core.ports.metrics import Gauge
from tests.integration.web.rig import KEY, Rig, running, with_limits
from tests.patience import PATIENCE

SETTINGS = with_limits(
    WebSettings(secret_keys=(KEY,)),
    send_buffer_bytes=32 * 1024,
    messages_per_session=Rate(0, 1),
    reads_per_session=Rate(0, 1),
    heartbeat_seconds=600,
    frame_bytes=200 * 1024,
)
LONG = "👍" * 8000  # 32 kB on the wire


async def test_who_does_not_read_is_cut_off_and_resumes(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as rig:
        session = await rig.session()
        slow = aiohttp.TCPConnector(socket_factory=_with_a_small_buffer)
        async with aiohttp.ClientSession(connector=slow) as http, replace(rig, http=http).socket(session) as client:
            await client.next()
            transport = client.ws._response.connection.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.pause_reading()
            sent = await _fill(rig, session, lambda: not rig.counts.levels[Gauge.OPEN_SOCKETS])
            transport.resume_reading()
            while (await client.ws.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
                pass
        async with rig.socket(session) as client:
            await client.send(type="resume", after=0)
            await client.until("resumed")
        own = [frame["client_id"] for frame in client.seen if frame.get("author") == "customer"]
        assert own == [f"c{number}" for number in range(sent)]


def _with_a_small_buffer(address: aiohttp.AddrInfoType) -> socket.socket:
    """What the kernel keeps of what nobody reads has an end sooner: it takes megabytes otherwise."""
    made = socket.socket(*address[:3])
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return made


async def test_a_long_replay_waits_for_its_reader(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as rig:
        session = await rig.session()
        await asyncio.gather(*(rig.say(session, LONG, f"c{n}", query="?wait=0") for n in range(60)))
        while not await _answered(rig, session, 60):  # noqa: ASYNC110 - what is waited for is on the server
            await asyncio.sleep(0.05)
        async with rig.socket(session, max_msg_size=0) as client:
            latest = (await client.next())["latest"]
            await client.send(type="resume", after=0)
            resumed = await client.until("resumed")
        assert resumed["upto"] >= latest
        assert len([frame for frame in client.seen if frame.get("author") == "customer"]) == 60


async def _answered(rig: Rig, session: dict[str, Any], said: int) -> bool:
    """Whether the last of ``said`` messages has its answer. An answer to many of them at once fills pages."""
    messages: list[dict[str, Any]] = []
    page: dict[str, Any] = {"cursor": 0, "has_more": True}
    while page["has_more"]:
        path = f"/api/sessions/{session['session_id']}/history?after={page['cursor']}"
        _, page, _ = await rig.call("GET", path, session["token"])
        messages += page["messages"]
    own = [message["id"] for message in messages if message["author"] == "customer"]
    return len(own) == said and own[-1] in {message["in_reply_to"] for message in messages}


async def _fill(rig: Rig, session: dict[str, Any], cut: Any) -> int:
    """Send long messages until the socket was cut off; how many."""
    for number in range(2000):
        await rig.say(session, LONG, f"c{number}", query="?wait=0")
        if cut():
            return number + 1
    raise AssertionError(json.dumps({"still open after": number}))
