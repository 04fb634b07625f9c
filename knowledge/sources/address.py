"""Addresses of web pages: one form for each, and which of them a crawl may visit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from knowledge.sources.options import SITEMAP, SourceOptions

_TRACKING = re.compile(
    r"utm_.*|mc_[ce]id|_hs(?:enc|mi)|(?:fb|g|dc|tw|tt|y)clid|msclkid|gad_.*|igshid|ref_src|_ga|_gl|vero_.*|mkt_tok|phpsessid"
    r"|jsessionid",
    re.IGNORECASE,
)
"""Parameters that tell the server where somebody came from; the page is the same without them."""
_SESSION = re.compile(r";jsessionid=[^/?]*", re.IGNORECASE)
_FILE_NAME = re.compile(r"\.[a-z]\w{1,4}$", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_LONGEST = 2000
_SAFE = "/:@!$&'()*+,;=~-._"


def normal(address: str, base: str | None = None) -> str | None:
    """The one form of an address (RFC 3986, 6.2), without fragment and tracking. None for what is no web page."""
    try:
        parts = urlsplit(urljoin(base, address.strip()) if base else address.strip())
        port = parts.port
        host = (parts.hostname or "").rstrip(".").encode("idna").decode().lower() if parts.hostname else ""
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or parts.username is not None:
        return None
    shown = f"[{host}]" if ":" in host else host
    place = shown if port in (None, _PORTS[scheme]) else f"{shown}:{port}"
    path = _without_dots(_SESSION.sub("", parts.path))
    if "%2F" not in path.upper() and "%25" not in path:  # there, decoding would change what it means
        path = unquote(path, errors="surrogateescape")
        path = quote(path, safe=_SAFE, errors="surrogateescape")
    path = quote(path, safe=_SAFE + "%") or "/"
    query = "&".join(
        quote(pair, safe=_SAFE + "?%") for pair in parts.query.split("&") if pair and not _is_tracking(pair)
    )
    found = urlunsplit((scheme, place, path, query, ""))
    return found if len(found) <= _LONGEST else None


def _is_tracking(pair: str) -> bool:
    return _TRACKING.fullmatch(unquote(pair.partition("=")[0])) is not None


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4; urljoin does it for relative addresses only."""
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if len(found) > 1:
                found.pop()
        elif part != ".":
            found.append(part)
    end = "/" if path.endswith(("/.", "/..")) else ""
    return "/".join(found) + end


def host_of(address: str) -> str:
    """Host and port as one counts them: ``www.`` makes no difference, nor does the change from http to https."""
    parts = urlsplit(address)
    name = (parts.hostname or "").removeprefix("www.")
    return name if parts.port in (None, *_PORTS.values()) else f"{name}:{parts.port}"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a crawl may go: hosts, and below them the folder that its address lies in."""

    start: str
    folder: str
    hosts: tuple[str, ...]
    options: SourceOptions

    @classmethod
    def of(cls, options: SourceOptions) -> Scope | None:
        """None where the address is none."""
        start = normal(options.address)
        if start is None:
            return None
        path = urlsplit(start).path
        name = path.rsplit("/", 1)[-1]
        folder = path[: len(path) - len(name)] if not name or _FILE_NAME.search(name) else f"{path}/"
        if options.its_kind == SITEMAP:
            folder = "/"
        return cls(
            start, folder, (host_of(start), *(host.lower().removeprefix("www.") for host in options.hosts)), options
        )

    def allows_host(self, address: str) -> bool:
        """Whether a crawl may ask this host for anything."""
        host = host_of(address)
        return any(host == allowed or fnmatchcase(host, allowed) for allowed in self.hosts)

    def wants(self, address: str) -> bool:
        """Whether this page belongs to the source."""
        if not self.allows_host(address):
            return False
        path = urlsplit(address).path
        below = f"{path}/".startswith(self.folder) or host_of(address) != self.hosts[0]
        return below and (address == self.start or self.options.wants(self.place(address)))

    def place(self, address: str) -> str:
        """The page's path below the source, with its query."""
        parts = urlsplit(address)
        inside = parts.path.removeprefix(self.folder) if host_of(address) == self.hosts[0] else parts.path
        return unquote(inside.strip("/")) + (f"?{parts.query}" if parts.query else "")


def shown(address: str) -> str:
    """An address as people read it."""
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return unquote(f"{parts.netloc}{parts.path}".rstrip("/")) + query
