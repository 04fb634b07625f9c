"""The Redis that the tests start."""

from __future__ import annotations

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.servers.redis import RedisServer


async def test_it_keeps_values_and_can_be_taken_away(redis_server: RedisServer) -> None:
    async with Redis.from_url(redis_server.url) as client:
        await client.set("key", "value")
        assert await client.get("key") == b"value"
        redis_server.kill()
        with pytest.raises(RedisConnectionError):
            await client.get("key")
        redis_server.start()
        assert await client.get("key") is None
