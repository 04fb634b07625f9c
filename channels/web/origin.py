"""An origin, such as https://shop.example: what a browser says of a page, and an operator of sites that may embed the widget."""

from __future__ import annotations

from urllib.parse import urlsplit

from core.domain.errors import ConfigError

Origin = tuple[str, str, int]
"""Scheme, host and port."""

ANY_ORIGIN = "*"
_DEFAULT_PORTS = {"http": 80, "https": 443}


def parse_origin(text: str) -> Origin | None:
    """None for what is no origin of a web page."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    return parts.scheme, parts.hostname.lower(), port or _DEFAULT_PORTS[parts.scheme]


def allowed_origin(text: str) -> Origin:
    """One of WIDGET_ORIGINS; a host that begins with ``*.`` stands for all below it. Raises ConfigError."""
    origin = parse_origin(text)
    if origin is None:
        raise ConfigError(f"WIDGET_ORIGINS: {text!r} is not an origin like https://shop.example.")
    return origin
