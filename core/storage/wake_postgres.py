"""Wakes across processes by PostgreSQL's LISTEN and NOTIFY, on one connection of their own."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

import asyncpg
import structlog

from core.end_tasks import end_tasks
from core.storage.database import driver_url
from core.storage.wake_local import MAX_PENDING_KEYS, LocalWake

_CHANNEL = "switchboard"
_MAX_PAYLOAD = 7000  # PostgreSQL refuses 8,000 bytes and more
_COALESCE = 0.01  # seconds: a NOTIFY per message would queue all commits behind one lock

log = structlog.get_logger(__name__)


class PostgresWake(LocalWake):
    """Listeners in this process are woken at once; those of other processes by a notification at most every 10 ms.

    It is sent outside data transactions, on the listening connection. While that connection is down nobody is woken
    from afar, and the loops' polls carry on.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = driver_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._sender = secrets.token_hex(4)
        self._pending: dict[str, set[str]] = {}
        self._dirty = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Connect in the background: a database that is down must not keep the hub from starting."""
        self._tasks = [asyncio.create_task(self._run())]

    async def stop(self) -> None:
        """Close the connection."""
        await end_tasks(*self._tasks)
        self._tasks = []

    def notify(self, topic: str, key: str = "") -> None:
        super().notify(topic, key)
        keys = self._pending.setdefault(topic, set())
        if len(keys) >= MAX_PENDING_KEYS:
            keys.clear()
            keys.add("")
        keys.add(key)
        self._dirty.set()

    async def _run(self) -> None:
        delay = 0.1
        while True:
            try:
                connection = await asyncpg.connect(self._url, timeout=5)
            except Exception as error:  # the driver raises errors of many families, and this loop must outlive them all
                log.warning("wake.unreachable", error=str(error), retry_in=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
                continue
            delay = 0.1
            try:
                await self._serve(connection)
            except Exception as error:
                log.warning("wake.lost", error=str(error))
            finally:
                connection.terminate()

    async def _serve(self, connection: asyncpg.Connection[Any]) -> None:
        closed = asyncio.Event()

        def ended(_connection: Any) -> None:
            closed.set()
            self._dirty.set()

        connection.add_termination_listener(ended)
        await connection.add_listener(_CHANNEL, self._heard)
        for topic in ("inbox", "outbox", "widget"):
            super().notify(topic)  # something may have happened while nobody listened
        while not closed.is_set():
            await self._dirty.wait()
            await asyncio.sleep(_COALESCE)
            self._dirty.clear()
            pending, self._pending = self._pending, {}
            for payload in self._payloads(pending):
                await connection.execute("SELECT pg_notify($1, $2)", _CHANNEL, payload)

    def _payloads(self, pending: dict[str, set[str]]) -> list[str]:
        """Notifications of bounded size: the sender, the topic and its keys."""
        payloads: list[str] = []
        for topic, keys in pending.items():
            chunk: list[str] = []
            size = 0
            for key in sorted(keys):
                if chunk and size + len(key) > _MAX_PAYLOAD:
                    payloads.append(json.dumps([self._sender, topic, chunk]))
                    chunk, size = [], 0
                chunk.append(key)
                size += len(key) + 4
            payloads.append(json.dumps([self._sender, topic, chunk]))
        return payloads

    def _heard(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        try:
            sender, topic, keys = json.loads(str(payload))
        except ValueError:
            return
        if sender != self._sender:
            for key in keys:
                super().notify(topic, key)
