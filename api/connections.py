"""Limits the number of connections, and the time that a client may take for a request.

aiohttp has one time-out, for idle connections, and it must be longer than that of a proxy in front. So this adds a shorter
one for the first request, one for bodies, and the caps: without them one client that says nothing takes every descriptor.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, cast

import structlog
from aiohttp import web

from api.problems import BROKEN_BODY, Problem
from api.response_headers import SERVER
from channels.addresses import countable, is_within, parse_networks
from core.ports.metrics import Counter, Gauge, Metrics

CALLERS_FAULTS = (*BROKEN_BODY, ConnectionError)

_log = structlog.get_logger(__name__)
_LOG_SECONDS = 60.0
_GRACE = 0.1
"""Seconds. After a stall of this process, pending input is read before the next timer ends a connection."""
_SLOWEST = 1024.0
"""Bytes a second. A body gets more time the more of it has come (as Apache's mod_reqtimeout does it)."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Times in seconds. ``per_address`` 0 switches that limit off."""

    in_all: int = 10_000
    per_address: int = 2_000
    first_request: float = 10.0
    keepalive: float = 75.0
    """Longer than a proxy keeps its connections (nginx: 60 s), or it would send a request into one that is closing."""
    body: float = 30.0

    def within(self, descriptors: int, reserve: int) -> ConnectionLimits:
        """No more connections than there are file descriptors, ``reserve`` left for the hub's own files."""
        in_all = max(1, min(self.in_all, descriptors - min(reserve, descriptors // 2)))
        return replace(self, in_all=in_all, per_address=min(self.per_address, max(1, in_all // 2)))


class ConnectionGate:
    """Counts the open connections by address. ``trusted_proxies`` count in all, but not as one client."""

    def __init__(
        self,
        limits: ConnectionLimits,
        trusted_proxies: Sequence[str],
        metrics: Metrics,
        monotonic: Callable[[], float],
    ) -> None:
        self.limits = limits
        self._trusted = parse_networks(trusted_proxies)
        self._metrics = metrics
        self._monotonic = monotonic
        self._by_address: Tally[str] = Tally()
        self._open = 0
        self._logged_at = -_LOG_SECONDS

    def enter(self, peer: str) -> str | None:
        """The key to leave with; None when the connection exceeds a limit."""
        key = countable(peer)
        if self._open >= self.limits.in_all:
            self.refuse("in_all", key)
            return None
        is_crowded = 0 < self.limits.per_address <= self._by_address[key]
        if is_crowded and not is_within(peer, self._trusted):
            self.refuse("per_address", key)
            return None
        self._open += 1
        self._by_address[key] += 1
        self._metrics.gauge(Gauge.CONNECTIONS, self._open)
        return key

    def leave(self, key: str) -> None:
        """Count the end of a connection that entered."""
        self._open -= 1
        self._by_address[key] -= 1
        if not self._by_address[key]:
            del self._by_address[key]
        self._metrics.gauge(Gauge.CONNECTIONS, self._open)

    def refuse(self, reason: str, key: str) -> None:
        """Count a connection that is closed because of a limit. At most one line a minute goes to the log."""
        self._metrics.count(Counter.CONNECTIONS_REFUSED, reason=reason)
        now = self._monotonic()
        if now - self._logged_at >= _LOG_SECONDS:
            self._logged_at = now
            _log.warning("connections.refused", reason=reason, address=key, open=self._open)


class LimitedConnection(web.RequestHandler):
    """aiohttp's connection, closed when it exceeds a limit or stays silent for too long."""

    __slots__ = ("_body_began", "_gate", "_key", "_reader_timer", "_timer")

    def __init__(self, server: web.Server, gate: ConnectionGate, **options: Any) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=gate.limits.keepalive,
            auto_decompress=False,  # packed bodies are refused, and what is left of them is thrown away as it came
            **options,
        )
        self._gate = gate
        self._key: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._reader_timer: asyncio.TimerHandle | None = None
        self._body_began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it, or end it at once."""
        peer = transport.get_extra_info("peername")
        self._key = self._gate.enter(str(peer[0]) if peer else "unknown")
        if self._key is None:
            cast("asyncio.Transport", transport).abort()  # uvloop's shares no class with it
            return
        super().connection_made(transport)
        _limit_silence(transport, self._gate.limits.body)
        self._timer = self._loop.call_later(self._gate.limits.first_request, self._end_soon, "silent")

    def connection_lost(self, exc: BaseException | None) -> None:
        """Stop its timers and its counting."""
        self._stop_timer()
        self._stop_reader_timer()
        if self._key is not None:
            self._gate.leave(self._key)
            self._key = None
        super().connection_lost(exc)

    def begin_request(self, payload: Any) -> None:
        """The head of a request is complete; ``payload`` (aiohttp's StreamReader) is its body, which may have yet to come."""
        self._stop_timer()
        if not payload.is_eof():
            self._body_began = self._loop.time()
            self._timer = self._loop.call_later(self._gate.limits.body, self._check_body, payload)

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """Answer invalid HTTP with a short problem, and log no traceback: it is the sender's fault."""
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return super().handle_error(request, status, exc, message)
        _log.debug("connections.no_http", error=str(exc))
        response = Problem(status, "bad_request", "This is not a valid HTTP request.").response({"Server": SERVER})
        response.force_close()
        return response

    def pause_writing(self) -> None:
        """Limit the time in which the client reads what is unsent: as long as it would have to send a body of that size."""
        super().pause_writing()
        unsent = cast("asyncio.Transport", self.transport).get_write_buffer_size()
        allowed = self._gate.limits.body + unsent / _SLOWEST
        self._reader_timer = self._loop.call_later(allowed, self._end, "slow_reader")

    def resume_writing(self) -> None:
        """The client has read most of it: stop the timer."""
        super().resume_writing()
        self._stop_reader_timer()

    def log_exception(self, *args: Any, **options: Any) -> None:
        """Log no traceback for an unreadable body or a caller who hung up."""
        if isinstance(options.get("exc_info"), CALLERS_FAULTS):
            _log.debug("connections.broken_off", error=str(options["exc_info"]))
        else:
            super().log_exception(*args, **options)

    def _check_body(self, payload: Any, is_last: bool = False) -> None:
        self._timer = None
        if payload.is_eof() or self.transport is None:
            return
        allowed = self._gate.limits.body + payload.total_bytes / _SLOWEST
        left = allowed - (self._loop.time() - self._body_began)
        if self._reading_paused:  # the hub itself is slower than this client
            left = self._gate.limits.body
        if left > 0:
            self._timer = self._loop.call_later(left, self._check_body, payload)
        elif not is_last:
            self._timer = self._loop.call_later(_GRACE, self._check_body, payload, True)
        else:
            self._end("slow_body")

    def _end_soon(self, reason: str) -> None:
        self._timer = self._loop.call_later(_GRACE, self._end, reason)

    def _end(self, reason: str) -> None:
        if self.transport is not None and self._key is not None:
            self._gate.refuse(reason, self._key)
            self.transport.abort()

    def _stop_reader_timer(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _limit_silence(transport: asyncio.BaseTransport, seconds: float) -> None:
    """Have the kernel drop a connection whose client acknowledges nothing (Linux: tcp(7)), also once the hub has closed it."""
    connection = transport.get_extra_info("socket")
    if sys.platform == "linux" and connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def begin_request(
    make: Callable[..., web.BaseRequest], message: Any, payload: Any, protocol: LimitedConnection, *rest: Any
) -> web.BaseRequest:
    """Make a request of its head and its body (aiohttp's RawRequestMessage and StreamReader), whose time begins now."""
    protocol.begin_request(payload)
    return make(readable(message), payload, protocol, *rest)


def readable(message: Any) -> Any:
    """The head of a request (aiohttp's RawRequestMessage) with headers that can be encoded again.

    aiohttp decodes bytes that are not UTF-8 to lone surrogates, which fail wherever a value is answered or compared.
    """
    if all(value.isascii() for value in message.headers.values()):
        return message
    headers = message.headers.copy()
    headers.clear()
    for name, value in message.headers.items():
        headers.add(name, value.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    return message._replace(headers=headers)
