"""A customer as the protocol wants one: numbers its messages, sends again what was not acknowledged, resumes by cursor, and
writes down everything that it sees."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.faults.scripted import numbers_in, question

_QUIET = 8.0  # seconds without a frame after which a connection is given up: its server may be frozen
_GONE = (aiohttp.ClientError, OSError, TimeoutError, asyncio.IncompleteReadError)


@dataclass
class Record:
    """What one customer sent and saw."""

    total: int
    acks: dict[int, set[str]] = field(default_factory=dict)
    frames: dict[int, dict[str, Any]] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    connections: int = 0
    resent: int = 0

    def see(self, frame: dict[str, Any]) -> None:
        """A frame with a cursor: the same cursor is always the same frame."""
        known = self.frames.setdefault(frame["cursor"], frame)
        if frame["type"] == "complete":
            self.answered.update(numbers_in(frame["content"]))
        for name in ("type", "id", "content", "turn_id", "epoch", "index", "delta"):
            if known.get(name) != frame.get(name):
                self.violations.append(f"cursor {frame['cursor']} is {known} and {frame}")

    def acknowledge(self, number: int, message_id: str) -> None:
        """The server says that it has it."""
        self.acks.setdefault(number, set()).add(message_id)

    def refuse(self, code: str) -> None:
        """The server says that it does not have it."""
        self.refusals[code] = self.refusals.get(code, 0) + 1


class Customer:
    """``run`` ends when all its messages are answered. ``window``: how many it sends before the first is acknowledged."""

    def __init__(
        self,
        servers: Sequence[str],
        http: aiohttp.ClientSession,
        rng: random.Random,
        total: int,
        *,
        window: int = 3,
        posts: float = 0.3,
    ) -> None:
        self.servers = servers
        self.record = Record(total)
        self._http = http
        self._rng = rng
        self._window = window
        self._posts = posts
        self._session: dict[str, Any] = {}
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._unacked: dict[int, None] = {}
        self._changed = asyncio.Condition()
        self._allowed = 0
        self._have = 0

    def __str__(self) -> str:
        record = self.record
        missing = sorted(set(range(1, record.total + 1)) - record.answered)
        return (
            f"<{self._session.get('session_id')}: may write {self._allowed}, acknowledged {len(record.acks)}, waits for the "
            f"acknowledgement of {list(self._unacked)}, for the answer to {missing}, has everything up to {self._have}, "
            f"connection {record.connections} is {'open' if self._socket else 'lost'}>"
        )

    @property
    def is_idle(self) -> bool:
        """Whether everything that it may write was answered."""
        return len(self.record.answered) >= self._allowed

    async def allow(self, more: int) -> None:
        """It may write so many messages more."""
        async with self._changed:
            self._allowed = min(self.record.total, self._allowed + more)
            self._changed.notify_all()

    async def run(self) -> None:
        """Write and read until everything is answered; then read the history once."""
        await self._open_session()
        listening, writing = asyncio.create_task(self._listen()), asyncio.create_task(self._write())
        done = asyncio.create_task(self.wait_answered(self.record.total))
        try:
            await asyncio.wait({listening, done}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                listening.result()  # it ends by an error only
            await writing
        finally:
            for task in (listening, writing, done):
                task.cancel()
            await asyncio.gather(listening, writing, done, return_exceptions=True)
        self.record.history = await self._read_history()

    async def wait_answered(self, upto: int) -> None:
        """Until the messages up to that number were seen to be answered."""
        wanted = set(range(1, upto + 1))
        async with self._changed:
            await self._changed.wait_for(lambda: wanted <= self.record.answered)

    async def wait_acknowledged(self, upto: int) -> None:
        """Until the messages up to that number were acknowledged."""
        async with self._changed:
            await self._changed.wait_for(lambda: all(number in self.record.acks for number in range(1, upto + 1)))

    async def wait_shown(self, epoch: int) -> None:
        """Until part of an answer was shown by a turn of at least that epoch."""
        async with self._changed:
            await self._changed.wait_for(
                lambda: any(
                    frame["type"] == "text" and frame["epoch"] >= epoch for frame in self.record.frames.values()
                )
            )

    @property
    def session_id(self) -> str:
        """Its conversation's name on the wire."""
        return str(self._session["session_id"])

    async def _open_session(self) -> None:
        while not self._session:
            try:
                async with self._http.post(f"{self._server()}/api/sessions", json={}, timeout=_patience()) as response:
                    if response.status == 200:
                        self._session = await response.json()
            except _GONE:
                await self._rest()

    def _server(self) -> str:
        return self._rng.choice(self.servers)

    async def _rest(self) -> None:
        await asyncio.sleep(self._rng.uniform(0.05, 0.25))

    async def _write(self) -> None:
        for number in range(1, self.record.total + 1):
            async with self._changed:
                await self._changed.wait_for(lambda: number <= self._allowed)  # noqa: B023
            await asyncio.sleep(self._rng.uniform(0, 0.1))
            if self._rng.random() < self._posts:
                await self._wait_for_room(1)
                await self._post(number)
            else:
                await self._wait_for_room(self._window)
                self._unacked[number] = None
                await self._send(number)
        await self._wait_for_room(1)

    async def _wait_for_room(self, window: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._unacked) < window)

    async def _post(self, number: int) -> None:
        """Over HTTP, again and again with the same client_id until the server says that it is stored."""
        body = {"message": question(number), "client_id": f"c{number}"}
        headers = {"Authorization": f"Bearer {self._session['token']}"}
        while True:
            url = f"{self._server()}/api/chat/sessions/{self.session_id}/messages?wait=0"
            try:
                async with self._http.post(url, json=body, headers=headers, timeout=_patience()) as response:
                    answer = await response.json(content_type=None)
                    if response.status == 202:
                        self.record.acknowledge(number, answer["id"])
                        return
                    self.record.refuse(str(answer["code"]))
            except (*_GONE, ValueError):
                pass
            self.record.resent += 1
            await self._rest()

    async def _send(self, number: int) -> None:
        if self._socket is not None:  # otherwise the next connection begins with what was not acknowledged
            with contextlib.suppress(*_GONE, RuntimeError):
                await self._say(self._socket, number)

    async def _say(self, socket: aiohttp.ClientWebSocketResponse, number: int) -> None:
        await socket.send_json({"type": "message", "content": question(number), "client_id": f"c{number}"})

    async def _listen(self) -> None:
        while True:
            try:
                async with self._http.ws_connect(f"{self._server()}/ws", timeout=_close_patience()) as socket:
                    async with asyncio.timeout(_QUIET):
                        await self._greet(socket)
                    await self._converse(socket)
            except _GONE:
                pass
            finally:
                self._socket = None
            await self._rest()

    async def _greet(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        await socket.send_json({"type": "auth", "token": self._session["token"]})
        if (await socket.receive()).type is not aiohttp.WSMsgType.TEXT:
            raise aiohttp.ClientError("closed before it began")
        self.record.connections += 1
        await socket.send_json({"type": "resume", "after": self._have})
        sent: set[int] = set()
        while missing := [number for number in self._unacked if number not in sent]:
            for number in missing:  # in their order, and before anything new
                self.record.resent += 1
                sent.add(number)
                await self._say(socket, number)
        self._socket = socket

    async def _converse(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        resumed = False
        newest = 0
        while True:
            try:
                message = await _next(socket)
            except TimeoutError:
                await socket.send_json({"type": "ping"})
                message = await _next(socket)
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            frame = message.json()
            async with self._changed:
                if frame["type"] == "resumed":
                    resumed, newest = True, max(newest, frame["upto"])
                elif "cursor" in frame and frame["type"] != "ack":
                    if resumed and frame["cursor"] <= newest:
                        self.record.violations.append(f"after cursor {newest} came {frame}")
                    newest = max(newest, frame["cursor"])
                    self.record.see(frame)
                self._have = max(self._have, newest) if resumed else self._have
                resend = self._take(frame)
                self._changed.notify_all()
            if resend:
                await self._rest()
                await self._send(resend)

    def _take(self, frame: dict[str, Any]) -> int | None:
        """Acknowledgements and refusals. The number of a message that has to be sent again."""
        if frame["type"] == "ack":
            number = int(frame["client_id"].removeprefix("c"))
            self.record.acknowledge(number, frame["id"])
            self._unacked.pop(number, None)
        if frame["type"] == "error":
            self.record.refuse(frame["code"])
            if frame["code"] not in ("unavailable", "rate_limited"):
                self.record.violations.append(f"refused: {frame}")
            number = int(str(frame.get("client_id", "c0")).removeprefix("c"))
            if number in self._unacked:
                self.record.resent += 1
                return number
        return None

    async def _read_history(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        headers = {"Authorization": f"Bearer {self._session['token']}"}
        after = 0
        while True:
            url = f"{self._server()}/api/sessions/{self.session_id}/history?after={after}"
            try:
                async with self._http.get(url, headers=headers, timeout=_patience()) as response:
                    page = await response.json()
                    if response.status != 200:
                        raise aiohttp.ClientError(str(page))
            except _GONE:
                await self._rest()
                continue
            found += page["messages"]
            if not page["has_more"]:
                return found
            after = page["cursor"]


async def _next(socket: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMessage:
    """Not with wait_for: in Python 3.11 it swallows a cancellation that meets a message, and then the customer never leaves."""
    async with asyncio.timeout(_QUIET / 2):
        return await socket.receive()


def _patience() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=_QUIET)


def _close_patience() -> aiohttp.ClientWSTimeout:
    return aiohttp.ClientWSTimeout(ws_close=0.5)
