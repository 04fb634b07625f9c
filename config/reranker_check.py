"""What ``switchboard doctor`` says of the reranker. It is asked with an empty request, which costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import aiohttp

from config.settings import Settings, secrets_of
from core.domain.errors import ConfigError
from core.ports.channel import Diagnosis

_SECONDS = 5.0
_REFUSED = (400, 422)
"""Answers to a request that lacks its texts: the address and the key are right."""


async def check_reranker(settings: Settings) -> Sequence[Diagnosis]:
    """Where RERANKER or RERANKER_URL is set."""
    if settings.reranker:
        return [_installed(settings.reranker)]
    url, keys = settings.reranker_url or "", secrets_of(settings.reranker_api_key)
    headers = {"Authorization": f"Bearer {keys[0]}"} if keys else {}
    limit = aiohttp.ClientTimeout(total=_SECONDS)
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit, trust_env=True) as http,
            http.post(url, json={}) as answer,
        ):
            return [_judged(answer.status, host)]
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError) as error:
        fix = (
            "Let RERANKER_URL name a server that runs and that this machine reaches. Questions are answered without it."
        )
        return [Diagnosis("RERANKER_URL", False, f"{host} does not answer ({type(error).__name__})", fix)]


def _installed(name: str) -> Diagnosis:
    from knowledge.rerank.third_party import load

    try:
        load(name)
    except ConfigError as error:
        return Diagnosis("RERANKER", False, error.detail, "Install the package that brings it, or take RERANKER out.")
    return Diagnosis("RERANKER", True, f"{name} is installed")


def _judged(status: int, host: str) -> Diagnosis:
    if status in (401, 403):
        fix = f"Copy a key of {host} to RERANKER_API_KEY."
        return Diagnosis("RERANKER_API_KEY", False, f"{host} refuses the key ({status})", fix)
    if status == 429 or status >= 500:
        fix = "Look at the quota of RERANKER_API_KEY and at the provider's status page, and try again."
        return Diagnosis("RERANKER_URL", False, f"{host} answers {status}", fix)
    if status in _REFUSED or status < 300:
        return Diagnosis("RERANKER_URL", True, f"{host} answers")
    fix = "Write the whole address in RERANKER_URL, such as https://api.jina.ai/v1/rerank."
    return Diagnosis("RERANKER_URL", False, f"what answers there is no reranker ({status})", fix)
