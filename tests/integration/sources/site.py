"""A web site on loopback that does to a crawler what sites do, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def page(title: str, *links: str, body: str = "", head: str = "") -> str:
    """A page with a menu that is not worth reading, and links."""
    found = "".join(f'<li><a href="{link}">to {link}</a></li>' for link in links)
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title>{head}</head>'
        f"<body><nav>menu of the site</nav><main><h1>{title}</h1><p>What {title} says. {body}</p><ul>{found}</ul></main>"
        "</body></html>"
    )


class Site:
    """``pages``: by path, a text (with an ETag, and 304 when it is known), a status, a redirect (``-> /there``) or a handler."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.robots: str | int | Handler = "User-agent: *\nDisallow:\n"
        self.asked: list[str] = []
        self.conditional: list[str] = []
        self.address = ""
        self.closing = asyncio.Event()

    def asked_for(self, path: str) -> int:
        return self.asked.count(path)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path_qs
        if path == "/robots.txt":
            if isinstance(self.robots, int):
                return web.Response(status=self.robots)
            if isinstance(self.robots, str):
                return web.Response(text=self.robots)
            return await self.robots(request)  # type: ignore[return-value]
        self.asked.append(path)
        match self.pages.get(path, self.pages.get("*", 404)):
            case int(status):
                return web.Response(status=status)
            case str(text) if text.startswith("-> "):
                return web.Response(status=302, headers={"Location": text[3:]})
            case str(text):
                return self._page(request, text.replace("{site}", self.address))
            case handler:
                found: web.StreamResponse = await handler(request)
                return found

    def _page(self, request: web.Request, text: str) -> web.Response:
        etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == etag:
            self.conditional.append(request.path_qs)
            return web.Response(status=304, headers={"ETag": etag})
        kind = "application/xml" if text.startswith("<?xml") else "text/html"
        return web.Response(text=text, content_type=kind, headers={"ETag": etag})


@asynccontextmanager
async def serving(site: Site) -> Any:
    """The site under an address of its own on loopback."""
    app = web.Application()
    app.router.add_route("GET", "/{path:.*}", site._serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    place = web.TCPSite(runner, "127.0.0.1", 0)
    await place.start()
    port = place._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    site.address = f"http://127.0.0.1:{port}"
    try:
        yield site
    finally:
        site.closing.set()
        await runner.cleanup()
