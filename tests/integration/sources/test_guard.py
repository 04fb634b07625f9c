"""A crawl never asks a private network, whatever name or address leads there, unless it was named."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver

from knowledge.sources.guard import Guard, PrivateAddress, is_private
from knowledge.sources.web import Unfetched, Web
from tests.integration.sources.site import Site


class Names(AbstractResolver):
    """A name server that says something else each time it is asked."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[Any]:
        address = self._answers.pop(0)
        return [{"hostname": host, "host": address, "port": port, "family": socket.AF_INET, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::10.0.0.1",
        "2002:7f00:1::",
        "ff02::1",
        "nonsense",
    ],
)
def test_private_addresses(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::93.184.215.14"])
def test_public_addresses(address: str) -> None:
    assert not is_private(address)


async def test_a_name_that_turns_to_a_private_address_is_refused_where_it_connects(site: Site) -> None:
    """DNS rebinding: the name was public when it was looked at, and is not when the connection is made."""
    port = site.address.rsplit(":", 1)[1]
    async with Web(Guard(["https://help.example.com/"], []), resolver=Names("127.0.0.1")) as web:
        with pytest.raises(Unfetched, match=r"help\.example\.com is at the private address 127\.0\.0\.1") as refused:
            await web.get(f"http://help.example.com:{port}/")
    assert not refused.value.passing
    assert site.asked == []


async def test_a_host_that_was_named_may_be_private(site: Site) -> None:
    port = site.address.rsplit(":", 1)[1]
    site.pages["/"] = "welcome"
    async with Web(Guard([], ["wiki.example.com"]), resolver=Names("127.0.0.1")) as web:
        assert (await web.get(f"http://wiki.example.com:{port}/")).body == b"welcome"


def test_an_address_that_can_only_be_local_counts_as_named() -> None:
    guard = Guard(["http://localhost:3000/docs", "http://10.0.0.5/", "http://wiki/"], [])

    guard.check("10.0.0.5")
    guard.check_found("localhost", ["127.0.0.1"])
    guard.check_found("wiki", ["10.0.0.7"])
    with pytest.raises(PrivateAddress):
        guard.check("10.0.0.6")
    with pytest.raises(PrivateAddress):
        guard.check_found("help.example.com", ["93.184.215.14", "10.0.0.7"])
