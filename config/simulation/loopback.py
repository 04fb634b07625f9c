"""An HTTP server on a loopback port, for what plays a platform."""

from __future__ import annotations

import socket
from typing import Any

from aiohttp import web
from yarl import URL

PATIENCE = 120.0
"""Seconds. Only what never comes is waited for so long, so that it costs nothing on a fast machine."""


class LoopbackServer:
    """``port`` is known once it has started."""

    def __init__(self, app: web.Application, *, port: int = 0) -> None:
        self.port = port
        self._app = app
        self._runner: web.AppRunner | None = None

    async def start_server(self, **options: Any) -> None:
        """Begin to answer. ``options``: of ``web.AppRunner``."""
        self._runner = web.AppRunner(self._app, **{"access_log": None, "shutdown_timeout": 1.0, **options})
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Answer nothing more."""
        if self._runner is not None:
            await self._runner.cleanup()

    def make_url(self, path: str) -> URL:
        """Of a path here."""
        return URL(f"http://127.0.0.1:{self.port}{path}")


def free_port() -> int:
    """A port that is free at this moment, for a server that must know its address before it starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
