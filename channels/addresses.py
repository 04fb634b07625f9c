"""Clients' addresses: which of them are trusted proxies, and how an address is counted."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from core.domain.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(texts: Sequence[str]) -> list[Network]:
    """Raises ConfigError."""
    try:
        return [ipaddress.ip_network(text, strict=False) for text in texts]
    except ValueError as error:
        raise ConfigError(f"TRUSTED_PROXIES holds something that is not a network: {error}") from error


def is_within(peer: str, networks: Sequence[Network]) -> bool:
    """Whether one of the networks contains this address; False for an invalid address."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in networks)


def client_of(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Who sent a request: the nearest address that is not a trusted proxy's. ``forwarded``: X-Forwarded-For headers in order."""
    hops = [hop.strip() for value in forwarded for hop in value.split(",")]
    while hops and is_within(peer, trusted):
        peer = hops.pop()
    return peer


def is_public(key: str) -> bool:
    """Whether a key of ``countable`` is a public address. A private one may belong to a proxy that is missing in the settings."""
    try:
        return ipaddress.ip_network(key).is_global
    except ValueError:
        return False


def countable(peer: str) -> str:
    """The key under which a client is counted: its IPv4 address, or its IPv6 /64, since a provider assigns whole /64s."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
