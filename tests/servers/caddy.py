"""The service ``proxy`` of deploy/compose.yaml as a process: its command, its environment and the Caddyfile that it mounts.

Only its ports, its folders and where ``web`` is are the test's own.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import aiohttp

from tests.servers import programs
from tests.servers.compose_file import KEYS, rendered
from tests.servers.process import ServerProcess, free_port, listens

SHIPPED = programs.ROOT / "deploy" / "Caddyfile"
_WEB = re.compile(r"^(\s+name) web\n(\s+port) 8080$", re.MULTILINE)
_MOUNTED = "/etc/caddy/Caddyfile"
_PLACES = """{{
	admin off
	skip_install_trust
	http_port {http}
	https_port {https}
}}
"""


class Caddy:
    """In front of the web process on ``web_port``. Its certificate is of its own authority, as for any address on localhost."""

    def __init__(self, directory: Path, web_port: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.http_port, self.https_port = free_port(), free_port()
        service = rendered(f"{KEYS}PUBLIC_URL={self.url}/\n")["proxy"]
        self._data = directory / "data"
        caddyfile, replaced = _WEB.subn(rf"\1 127.0.0.1\n\2 {web_port}", SHIPPED.read_text("utf-8"))
        assert replaced == 1, "the Caddyfile sends requests to port 8080 of the service web"
        places = _PLACES.format(http=self.http_port, https=self.https_port)
        (directory / "Caddyfile").write_text(places + caddyfile, "utf-8")
        path = f"{programs.caddy().parent}{os.pathsep}{os.environ['PATH']}"
        self._process = ServerProcess(
            [part.replace(_MOUNTED, str(directory / "Caddyfile")) for part in service["command"]],
            log=directory / "caddy.log",
            cwd=directory,
            env={"PATH": path, "XDG_DATA_HOME": str(self._data), **service["environment"]},
        )

    @property
    def url(self) -> str:
        """Its PUBLIC_URL."""
        return f"https://localhost:{self.https_port}"

    @asynccontextmanager
    async def client(self, address: str = "127.0.0.1") -> AsyncIterator[aiohttp.ClientSession]:
        """A client that trusts its authority and whose requests come from ``address``.

        Ends when each socket is closed. aiohttp's close() does not wait for TLS to shut down.
        """
        sockets: list[socket.socket] = []

        def new_socket(info: aiohttp.AddrInfoType) -> socket.socket:
            sockets.append(socket.socket(*info[:3]))
            return sockets[-1]

        connector = aiohttp.TCPConnector(
            ssl=self.tls, local_addr=(address, 0), family=socket.AF_INET, socket_factory=new_socket
        )
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60)) as http:
            yield http
        assert sockets
        async with asyncio.timeout(60):
            while any(one.fileno() >= 0 for one in sockets):  # noqa: ASYNC110 - asyncio gives no signal
                await asyncio.sleep(0.01)

    @property
    def tls(self) -> ssl.SSLContext:
        """For clients that trust its authority."""
        return ssl.create_default_context(cafile=str(self._root))

    @property
    def _root(self) -> Path:
        return self._data / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def start(self) -> None:
        """Start and wait until it takes connections."""
        self._process.start()
        self._process.wait_ready(self._has_certificate)

    def _has_certificate(self) -> bool:
        if not (self._root.exists() and listens(self.https_port)):
            return False
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.https_port), 5) as line:
            self.tls.wrap_socket(line, server_hostname="localhost").close()
            return True
        return False

    def stop(self) -> None:
        """End it in good order."""
        self._process.end()

    def log_tail(self) -> str:
        """The end of its log, for failure messages."""
        return self._process.log_tail()


@contextmanager
def caddy(directory: Path, web_port: int) -> Iterator[Caddy]:
    """A running proxy; stopped at the end."""
    server = Caddy(directory, web_port)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        print(server.log_tail())
