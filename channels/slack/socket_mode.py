"""Socket Mode: events through a WebSocket that we open, for hubs without a public address.

Our own loop and not the SDK's: an envelope is acknowledged after its events are stored, and a store that does not answer is
waited for. Slack sends again what was not acknowledged; the event's key tells.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog

from channels.slack.client import SlackClient
from core.domain.errors import HubError, Overloaded, StoreUnavailable
from core.ports.channel import WebhookReply
from core.ports.clock import Clock
from core.ports.leases import Leases

Take = Callable[[bytes], Awaitable[WebhookReply]]
_LEASE = 30.0
_RENEW = 10.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0
_AGAIN = 0.5
_TIMEOUT = aiohttp.ClientWSTimeout(ws_receive=60.0, ws_close=2.0)
"""Seconds. Slack pings every few of them; silence for longer means that the connection is gone."""
_log = structlog.get_logger(__name__)


class SocketMode:
    """One connection for one process: whoever holds the lease. ``take`` returns after the commit."""

    def __init__(
        self,
        client: SlackClient,
        http: aiohttp.ClientSession,
        take: Take,
        leases: Leases,
        clock: Clock,
        holder: str,
        name: str,
    ) -> None:
        self._client = client
        self._http = http
        self._take = take
        self._leases = leases
        self._clock = clock
        self._holder = holder
        self._lease = f"slack:{name}:socket"
        self._tasks: list[asyncio.Task[None]] = []
        self._held = asyncio.Event()
        self.trouble: str | None = None

    async def start(self) -> None:
        """Begin; connecting happens in the background."""
        self._tasks = [asyncio.create_task(self._hold()), asyncio.create_task(self._run())]

    async def stop(self) -> None:
        """Close, and let another process take over at once."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if tasks:
            with contextlib.suppress(HubError):
                await self._leases.let_go(self._lease, self._holder)

    async def _hold(self) -> None:
        while True:
            try:
                held = await self._leases.hold(self._lease, self._holder, _LEASE)
            except StoreUnavailable:
                held = False
            if held:
                self._held.set()
            else:
                self._held.clear()
            await self._clock.sleep(_RENEW)

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._held.wait()
            try:
                url = await self._client.socket_url()
                async with self._http.ws_connect(url, timeout=_TIMEOUT, max_msg_size=0) as socket:
                    self.trouble = None
                    if await self._serve(socket):
                        failures = 0
                        continue
                self.trouble = "Socket Mode was closed by Slack"
            except HubError as error:
                self.trouble = "Socket Mode is not connected: " + type(error).__name__
                _log.warning("slack.socket_failed", error=error.detail)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self.trouble = "Socket Mode lost its connection"
                _log.warning("slack.socket_lost", error=str(error) or type(error).__name__)
            except Exception:
                self.trouble = "Socket Mode failed"
                _log.exception("slack.socket_failed")
            failures += 1
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (failures - 1))
            await self._clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> bool:
        """Until Slack asks to connect anew (True), closes, or the lease is another's. In the order envelopes came."""
        envelopes: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        worker = asyncio.create_task(self._work(socket, envelopes))
        try:
            async for message in socket:
                if message.type is not aiohttp.WSMsgType.TEXT:
                    continue
                envelope = _read(message.data)
                kind = envelope.get("type")
                if kind == "disconnect":
                    _log.info("slack.socket_renewed", reason=envelope.get("reason"))
                    return True
                if "envelope_id" in envelope:
                    envelopes.put_nowait(envelope)
                if not self._held.is_set():
                    return True
            return False
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    async def _work(self, socket: aiohttp.ClientWebSocketResponse, envelopes: asyncio.Queue[dict[str, Any]]) -> None:
        while True:
            envelope = await envelopes.get()
            reply = await self._stored(json.dumps(envelope.get("payload")).encode())
            answer: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
            if envelope.get("accepts_response_payload") and reply.content_type.startswith("application/json"):
                answer["payload"] = json.loads(reply.body)
            await socket.send_json(answer)

    async def _stored(self, body: bytes) -> WebhookReply:
        while True:
            try:
                return await self._take(body)
            except (StoreUnavailable, Overloaded) as error:
                _log.warning("slack.socket_waits", error=error.detail)
                await self._clock.sleep(_AGAIN)


def _read(data: str) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
