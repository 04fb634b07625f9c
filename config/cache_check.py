"""Whether the shared cache answers."""

from __future__ import annotations


async def ping_cache(url: str) -> None:
    """Raises what the client raises where it does not."""
    from redis.asyncio import from_url

    client = from_url(url, socket_timeout=1.5, socket_connect_timeout=1.5)
    try:
        await client.ping()
    finally:
        await client.aclose()
