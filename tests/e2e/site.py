"""The company's own web site: another origin than the hub's, with the widget's script tag in its pages."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from aiohttp import web

from tests.servers.process import free_port

STRICT_POLICY = "default-src 'none'; script-src {hub}; connect-src {hub} {ws}; img-src {hub}; media-src {hub}"
"""What a careful site allows: nothing inline, and of the world only the hub."""


class Site:
    """Pages to order: ``?hub=`` names the hub, every other parameter becomes a ``data-`` attribute of the script tag."""

    def __init__(self) -> None:
        self.port = free_port()
        self._runner: web.AppRunner | None = None

    @property
    def origin(self) -> str:
        """The origin that the hub lets in."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def strange_origin(self) -> str:
        """The same server under a name that nobody let in."""
        return f"http://localhost:{self.port}"

    async def start(self) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_get("/", self._page)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Let go of the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        options = dict(request.query)
        hub = options.pop("hub")
        policy = STRICT_POLICY.format(hub=hub, ws=hub.replace("http", "ws"))
        language = options.pop("lang", "en")
        return web.Response(
            text=page(hub, options, language), content_type="text/html", headers={"Content-Security-Policy": policy}
        )


def page(hub: str, options: Mapping[str, str], language: str) -> str:
    """A page of the site."""
    attributes = "".join(f' data-{name}="{escape(value)}"' for name, value in options.items())
    return (
        f'<!doctype html><html lang="{escape(language)}"><meta charset="utf-8"><title>Our shop</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<body><main><h1>Our shop</h1><p><a href='#more'>More about us</a></p></main>"
        f'<script src="{hub}/widget.js" async{attributes}></script></body></html>'
    )
