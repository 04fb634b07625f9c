"""Limits that several processes share, and what happens when Redis is gone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from channels.web.rates import RedisRates
from channels.web.settings import Rate
from core.domain.errors import TooManyRequests
from tests.servers.redis import RedisServer, redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """A Redis of this test's own, which it may stop."""
    with redis() as running:
        yield running


async def test_two_processes_share_a_limit_and_live_without_redis(server: RedisServer) -> None:
    one, two = (RedisRates(server.url, time.monotonic) for _ in range(2))
    rate = Rate(4, 60)
    try:
        for rates in (one, two, one, two):
            await rates.hit("sessions", "198.51.100.1", rate)
        for rates in (one, two):
            with pytest.raises(TooManyRequests):
                await rates.hit("sessions", "198.51.100.1", rate)
        await one.hit("sessions", "198.51.100.2", rate)
        server.kill()
        for _ in range(4):
            await one.hit("sessions", "198.51.100.1", rate)
        with pytest.raises(TooManyRequests):
            await one.hit("sessions", "198.51.100.1", rate)
    finally:
        await one.close()
        await two.close()
