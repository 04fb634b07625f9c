"""Socket Mode: slack_sdk's client keeps the connection, and an envelope is acknowledged after its events are stored.

The library reconnects by itself, but would ask for no new address while it is refused: then it is replaced.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable

import aiohttp
import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from channels.slack.client import SILENT, SlackClient
from channels.slack.wire import Json
from core.domain.errors import HubError, Overloaded, StoreUnavailable
from core.end_tasks import end_tasks
from core.ports.channel import WebhookReply
from core.ports.clock import Clock
from core.ports.leases import Leases

Take = Callable[[Json], Awaitable[WebhookReply]]
_LEASE = 30.0
_RENEW = 10.0
CONNECT_SECONDS = 15.0
"""Without a connection, after which the client is replaced."""
_LOOK = 1.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 30.0
_AGAIN = 0.5
_log = structlog.get_logger(__name__)


class SocketMode:
    """One connection for one process: whoever holds the lease. ``take`` returns after the commit."""

    def __init__(self, client: SlackClient, take: Take, leases: Leases, clock: Clock, holder: str, name: str) -> None:
        self._client = client
        self._take = take
        self._leases = leases
        self._clock = clock
        self._holder = holder
        self._lease = f"slack:{name}:socket"
        self._tasks: list[asyncio.Task[None]] = []
        self._held = asyncio.Event()
        self._in_order = asyncio.Lock()
        self.trouble: str | None = None

    async def start(self) -> None:
        """Begin; connecting happens in the background."""
        self._tasks = [asyncio.create_task(self._hold()), asyncio.create_task(self._run())]

    async def stop(self) -> None:
        """Close, and let another process take over at once."""
        tasks, self._tasks = self._tasks, []
        await end_tasks(*tasks)
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
            connection = _Connection(self._client, self._answer)
            try:
                # Not connect_to_new_endpoint: it waits with asyncio.wait_for, which on Python 3.11 can swallow a cancellation.
                async with asyncio.timeout(CONNECT_SECONDS):
                    connection.wss_uri = await self._client.socket_url()
                    await connection.connect()  # type: ignore[no-untyped-call]
                failures = 0
                await self._watch(connection)
            except HubError as error:
                self._fail("Socket Mode is not connected: " + type(error).__name__, error.detail)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                self._fail("Socket Mode cannot connect", type(error).__name__)
            except Exception as error:
                self._fail("Socket Mode failed", type(error).__name__)
            finally:
                await connection.close()  # type: ignore[no-untyped-call]
            failures += 1
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (failures - 1))
            await self._clock.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 - spreads reconnections

    def _fail(self, trouble: str, error: str) -> None:
        self.trouble = trouble
        _log.warning("slack.socket_failed", trouble=trouble, error=error)

    async def _watch(self, connection: SocketModeClient) -> None:
        """Until the lease is another process's, or the library finds no way back."""
        since = self._clock.monotonic()
        while self._held.is_set():
            if await connection.is_connected():
                since, self.trouble = self._clock.monotonic(), None
            elif self._clock.monotonic() - since > CONNECT_SECONDS:
                self._fail("Socket Mode lost its connection", "the library could not reconnect")
                return
            await self._clock.sleep(_LOOK)

    async def _answer(self, connection: SocketModeClient, envelope: SocketModeRequest) -> None:
        """In the order in which envelopes came; the library begins all of them at once."""
        async with self._in_order:
            reply = await self._store(connection, envelope.payload)
        if reply is not None:
            says = envelope.accepts_response_payload and reply.content_type.startswith("application/json")
            payload = json.loads(reply.body) if says else None
            await connection.send_socket_mode_response(SocketModeResponse(envelope.envelope_id, payload))

    async def _store(self, connection: SocketModeClient, payload: Json) -> WebhookReply | None:
        """Wait for a store that does not answer. None: not stored, so that Slack sends it again."""
        while not connection.closed:
            try:
                return await self._take(payload)
            except (StoreUnavailable, Overloaded) as error:
                _log.warning("slack.socket_waits", error=error.detail)
                await self._clock.sleep(_AGAIN)
            except Exception:
                _log.exception("slack.envelope_failed")
                break
        return None


class _Connection(SocketModeClient):
    """The library's client, with our call for an address."""

    def __init__(self, client: SlackClient, answer: Callable[..., Awaitable[None]]) -> None:
        super().__init__(app_token=client.token or "", web_client=client, logger=SILENT, ping_interval=10)
        self.socket_mode_request_listeners.append(answer)
        self.proxy = None  # the library reads HTTPS_PROXY and knows no NO_PROXY; the Web API is called without one too
        self._client = client

    async def issue_new_wss_url(self) -> str:
        return await self._client.socket_url()
