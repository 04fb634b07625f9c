"""The hub's HTTP server: one application on one address, with limited connections."""

from __future__ import annotations

import asyncio
import time
from functools import partial

from aiohttp import web

from api.connections import ConnectionGate, ConnectionLimits, LimitedConnection, begin_request
from channels.addresses import parse_networks
from channels.bounded_body import BODY_LIMITS, BodyLimits
from config.listening import listening_trouble
from config.processes.descriptors import RESERVE, descriptor_limit, raise_descriptor_limit
from config.settings import Settings
from core.domain.errors import ConfigError
from core.ports.metrics import Metrics

_BACKLOG = 1024
_STOP_SECONDS = 10.0


class Listener:
    """``port`` is the real one once it has started."""

    def __init__(self, app: web.Application, settings: Settings, metrics: Metrics) -> None:
        self.port = settings.port
        self._host = settings.host
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP_SECONDS, handle_signals=False)
        self._limits = connection_limits(settings)
        self._proxies = settings.trusted_proxies
        app[BODY_LIMITS] = BodyLimits(self._limits.body, parse_networks(self._proxies))
        self._metrics = metrics
        self._sockets: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Raises ConfigError when the address cannot be had."""
        raise_descriptor_limit()
        limits = self._limits.within(descriptor_limit(), RESERVE)
        gate = ConnectionGate(limits, self._proxies, self._metrics, time.monotonic)
        await self._runner.setup()
        server = self._runner.server
        assert server is not None
        server.request_factory = partial(begin_request, server.request_factory)
        try:
            self._sockets = await asyncio.get_running_loop().create_server(
                partial(LimitedConnection, server, gate, access_log=None),
                self._host,
                self.port,
                backlog=_BACKLOG,
                reuse_address=True,
            )
        except OSError as error:
            trouble = listening_trouble(self._host, self.port, error)
            raise ConfigError(f"{trouble.detail}. {trouble.fix}") from error
        self.port = self._sockets.sockets[0].getsockname()[1]

    def stop_accepting(self) -> None:
        """Take no new connections; those that are open go on."""
        if self._sockets is not None:
            self._sockets.close()

    async def close(self) -> None:
        """End the connections, after requests that are being answered."""
        await self._runner.cleanup()


def connection_limits(settings: Settings) -> ConnectionLimits:
    """As the settings say."""
    return ConnectionLimits(
        in_all=settings.max_connections,
        per_address=settings.max_connections_per_address,
        first_request=settings.first_request_seconds,
        keepalive=settings.keepalive_seconds,
        body=settings.request_body_seconds,
    )
