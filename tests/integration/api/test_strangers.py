"""What public routes tell somebody who brings no token: that the hub works, and nothing about how it is built or filled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from api.health import PARTS, Finding, HealthStatus
from tests.integration.api.rig import serve

_VERSION = "1.2.3"
"""Of the hub that ``serve`` makes."""
_PATHS = ("/health", "/health/live", "/health/ready", "/openapi.json", "/docs", "/metrics", "/no/such/page")


def keys(found: Any) -> Iterator[str]:
    """All names in a document, at any depth."""
    if isinstance(found, dict):
        yield from found
        for value in found.values():
            yield from keys(value)


@pytest.mark.parametrize("status", HealthStatus)
async def test_strangers_are_told_how_a_part_is_and_operators_why(status: HealthStatus) -> None:
    found = Finding(status, "slack: #vip-refunds is archived", {"slack": status, "telegram": HealthStatus.OK})
    paths = ("/health", "/health/ready", *(f"/health/{part}" for part in PARTS))
    async with serve(channels=found) as rig, aiohttp.ClientSession() as stranger:
        for path in paths:
            async with stranger.get(rig.url + path) as response:
                body = await response.json()
            assert set(keys(body)) <= {"status", "latency_ms", "stopping", "checks", *PARTS}, path
        for path in ("/health", "/health/channels"):
            async with rig.http.get(rig.url + path) as response:
                text = await response.text()
                assert "#vip-refunds is archived" in text
                assert "telegram" in text


@pytest.mark.parametrize("path", [*_PATHS, *(f"/health/{part}" for part in PARTS)])
async def test_strangers_are_told_no_version(path: str) -> None:
    async with serve() as rig, aiohttp.ClientSession() as stranger, stranger.get(rig.url + path) as response:
        told = f"{await response.text()} {dict(response.headers)}"
    assert _VERSION not in told
    assert "aiohttp" not in told
    assert "Python/" not in told
