"""Keeps a crawl out of private networks, whatever addresses pages and name servers give it (CWE-918).

Names are checked where the connection is made, so that a name that leads elsewhere the second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

_LOCAL_ENDS = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".intranet", ".corp", ".test")
_EMBEDDED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""IPv4 behind NAT64 (RFC 6052, RFC 8215): the last four bytes are where it leads."""


class PrivateAddress(OSError):
    """A host lies where only this machine or its neighbours are reached, and nobody named it in the settings."""


def is_private(address: str) -> bool:
    """Whether an IP address is none of the public internet, the IPv4 address inside an IPv6 one included."""
    try:
        found = ipaddress.ip_address(address.split("%", 1)[0])
    except ValueError:
        return True
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is None and any(found in network for network in _EMBEDDED):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return is_private(str(inner))
    return not found.is_global or found.is_multicast


class Guard:
    """Knows the hosts that were named. An address in the settings that can only be a local one counts as named."""

    def __init__(self, addresses: Iterable[str], named: Iterable[str]) -> None:
        hosts = {(urlsplit(address).hostname or "").lower() for address in addresses}
        self._named = {host for host in hosts if _only_local(host)} | {host.lower() for host in named}

    def check(self, host: str) -> None:
        """Raises PrivateAddress for a host that is itself an IP address and may not be asked."""
        if _is_address(host) and host not in self._named and is_private(host):
            raise PrivateAddress(f"{host} is a private address; name it in private_hosts if it is meant")

    def check_found(self, host: str, addresses: Iterable[str]) -> None:
        """Raises PrivateAddress when one of the addresses behind a name may not be asked."""
        if host.rstrip(".").lower() in self._named:
            return
        for address in addresses:
            if is_private(address):
                raise PrivateAddress(
                    f"{host} is at the private address {address}; name it in private_hosts if it is meant"
                )


class GuardedResolver(AbstractResolver):
    """Asks another resolver, and lets no address through that the guard refuses."""

    def __init__(self, guard: Guard, inner: AbstractResolver) -> None:
        self._guard = guard
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See AbstractResolver. Raises PrivateAddress."""
        found: list[Any] = list(await self._inner.resolve(host, port, family))
        self._guard.check_found(host, (one["host"] for one in found))
        return found

    async def close(self) -> None:
        """See AbstractResolver."""
        await self._inner.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _only_local(host: str) -> bool:
    """Nobody on the internet can give such a name a meaning, so whoever wrote it meant this network."""
    return _is_address(host) or "." not in host or host.endswith(_LOCAL_ENDS)
