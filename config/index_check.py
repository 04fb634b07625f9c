"""Whether the Chroma server answers."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp

from core.ports.channel import Diagnosis

_SECONDS = 5.0
_HEARTBEAT = "/api/v2/heartbeat"


async def check_index(url: str) -> Sequence[Diagnosis]:
    """Asks for its heartbeat (https://docs.trychroma.com/reference/server/heartbeat)."""
    fix = "Let CHROMA_URL name a Chroma server that runs and that this machine reaches, such as http://localhost:8000."
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as http,
            http.get(f"{url.rstrip('/')}{_HEARTBEAT}") as answer,
        ):
            if answer.status == 200:
                return [Diagnosis("CHROMA_URL", True, "answers")]
            return [Diagnosis("CHROMA_URL", False, f"what answers there is no Chroma server ({answer.status})", fix)]
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        return [Diagnosis("CHROMA_URL", False, f"does not answer ({type(error).__name__})", fix)]
