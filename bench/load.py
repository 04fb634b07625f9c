"""A load generator that costs little beside what it measures: keep-alive connections that speak HTTP by hand."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from channels.web.settings import WebSettings
from channels.web.tokens import Tokens
from core.clock import SystemClock

SECRET = "a-secret-key-for-measurements-only-0123456789"


@dataclass(frozen=True, slots=True)
class Customer:
    """A session with its token, signed here with the subject's key, so that opening sessions is not what is measured."""

    session: str
    token: str


def customers(count: int) -> list[Customer]:
    """New anonymous sessions."""
    tokens = Tokens(WebSettings(secret_keys=(SECRET,)), SystemClock())
    made = (tokens.open(None, "en") for _ in range(count))
    return [Customer(session.id, token) for session, token in made]


def request(customer: Customer, client_id: str, *, wait: float) -> bytes:
    """A POST of one message."""
    body = json.dumps({"message": "How do I reset my password?", "client_id": client_id}).encode()
    head = (
        f"POST /api/chat/sessions/{customer.session}/messages?wait={wait:g} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {customer.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Tally:
    """What came back. ``latencies`` in seconds, for answers with the expected status."""

    expected: int
    latencies: list[float] = field(default_factory=list)
    failures: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Good answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000

    def note(self, status: int, seconds: float) -> None:
        """One answer."""
        if status == self.expected:
            self.latencies.append(seconds)
        else:
            self.failures[status] = self.failures.get(status, 0) + 1


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> int:
    """Send one request and read its answer; the status."""
    writer.write(message)
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    start = head.lower().find(b"content-length:")
    if start >= 0:
        end = head.index(b"\r\n", start)
        await reader.readexactly(int(head[start + 15 : end]))
    return status


async def flood(port: int, requests: Sequence[bytes], *, connections: int, expected: int) -> Tally:
    """All requests as fast as ``connections`` can carry them."""
    tally, pending = Tally(expected), iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for message in pending:
            began = time.perf_counter()
            tally.note(await exchange(reader, writer, message), time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    tally.seconds = time.perf_counter() - began
    return tally


async def steady(port: int, requests: Sequence[bytes], *, rate: float, expected: int) -> Tally:
    """One request every 1/rate seconds, whether earlier ones were answered or not."""
    tally = Tally(expected)
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()

    async def one(message: bytes) -> None:
        pair = free.get_nowait() if not free.empty() else await asyncio.open_connection("127.0.0.1", port)
        began = time.perf_counter()
        tally.note(await exchange(*pair, message), time.perf_counter() - began)
        free.put_nowait(pair)

    began = time.perf_counter()
    tasks = []
    for number, message in enumerate(requests):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        tasks.append(asyncio.create_task(one(message)))
    await asyncio.gather(*tasks)
    tally.seconds = time.perf_counter() - began
    return tally
