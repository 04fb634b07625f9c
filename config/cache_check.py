"""Whether the shared cache answers."""

from __future__ import annotations

from collections.abc import Sequence

from core.ports.channel import Diagnosis


async def ping_cache(url: str) -> None:
    """Raises what the client raises where it does not."""
    from redis.asyncio import from_url

    client = from_url(url, socket_timeout=1.5, socket_connect_timeout=1.5)
    try:
        await client.ping()
    finally:
        await client.aclose()


async def check_cache(url: str) -> Sequence[Diagnosis]:
    """The same for ``switchboard doctor``."""
    from redis import RedisError

    fix = "Let REDIS_URL name a Redis that runs, such as redis://:password@localhost:6379/0; or leave it out."
    try:
        await ping_cache(url)
    except (RedisError, OSError, TimeoutError, ValueError) as error:
        return [Diagnosis("REDIS_URL", False, f"does not answer ({type(error).__name__})", fix)]
    return [Diagnosis("REDIS_URL", True, "answers")]
