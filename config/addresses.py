"""Settings that are addresses of the web, checked before anything is sent there."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_SCHEMES = ("http://", "https://")


def _check_address(value: str) -> str:
    """The address without blanks around it. An error does not repeat it, since it may hold a password."""
    address = value.strip()
    if not address.startswith(_SCHEMES):
        raise ValueError("must start with http:// or https://")
    try:
        parts = urlsplit(address)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or any(sign.isspace() or not sign.isprintable() for sign in address):
        raise ValueError("is no address: a host comes after http:// or https://, such as https://chat.example.com")
    return address


def _check_base(value: str) -> str:
    return _check_address(value).rstrip("/")


WebAddress = Annotated[str, AfterValidator(_check_address)]
"""The whole address."""
BaseAddress = Annotated[str, AfterValidator(_check_base)]
"""Paths are put behind it, so a slash at its end is taken off."""
