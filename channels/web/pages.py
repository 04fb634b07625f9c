"""The demo page and the widget's files, served from memory."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from core.domain.errors import NotFound

STATIC = Path(__file__).parent / "static"

_HASHED = re.compile(r"\.[0-9a-f]{8,}\.")
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_MINUTES = "public, max-age=300, stale-while-revalidate=86400"
"""Short, then asked again by tag: a new version of the widget reaches every site within minutes."""
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "image/svg")
_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self'",
        "font-src 'self'",
        "connect-src 'self' ws: wss:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file, ready to be sent."""

    body: bytes
    packed: bytes | None
    media_type: str
    tag: str


class Pages:
    """``load`` reads the folder once; a change on disk shows after a restart."""

    def __init__(self, *, demo: bool) -> None:
        self._demo = demo
        self._assets: dict[str, Asset] = {}

    async def load(self) -> None:
        """Read every file of the folder, away from the event loop."""
        assets = await asyncio.to_thread(_read, STATIC)
        if not self._demo:
            assets = {name: asset for name, asset in assets.items() if not name.startswith("demo")}
        self._assets = assets

    async def demo(self, request: web.Request) -> web.StreamResponse:
        """``GET /``."""
        return self._answer(request, "demo.html")

    async def widget(self, request: web.Request) -> web.StreamResponse:
        """``GET /widget.js``: for any site's script tag."""
        return self._answer(request, "widget.js")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """``GET /{asset}``: the folder's other files under their own names."""
        return self._answer(request, request.match_info["asset"])

    def _answer(self, request: web.Request, name: str) -> web.StreamResponse:
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("There is no such page.")
        headers = {"ETag": asset.tag, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
        if name.endswith(".html"):
            headers |= {
                "Cache-Control": "no-cache",
                "Content-Security-Policy": _PAGE_POLICY,
                "Referrer-Policy": "strict-origin-when-cross-origin",
                "X-Frame-Options": "SAMEORIGIN",
                "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
            }
        else:
            headers |= {
                "Cache-Control": _FOR_EVER if _HASHED.search(name) else _FOR_MINUTES,
                "Cross-Origin-Resource-Policy": "cross-origin",
                "Access-Control-Allow-Origin": "*",
            }
        if asset.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        content = asset.body
        if asset.packed is not None and "gzip" in request.headers.get("Accept-Encoding", "").lower():
            content = asset.packed
            headers["Content-Encoding"] = "gzip"
        charset = "utf-8" if asset.media_type.startswith("text/") else None
        return web.Response(body=content, headers=headers, content_type=asset.media_type, charset=charset)


def _read(folder: Path) -> dict[str, Asset]:
    return {path.name: _asset(path) for path in sorted(folder.iterdir()) if path.is_file() and path.name[0] != "."}


def _asset(path: Path) -> Asset:
    body = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0) if media_type.startswith(_COMPRESSIBLE) else None
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    return Asset(body, packed if packed is not None and len(packed) < len(body) else None, media_type, tag)
