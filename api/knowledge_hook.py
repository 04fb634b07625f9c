"""``POST /webhooks/knowledge``: a forge says that somebody has pushed, or a build that a site is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from api.signed_hook import SignedHook, delivery_of, payload_of
from core.domain.jobs import Push
from core.ports.jobs import Freshness
from core.ports.metrics import Metrics

PATH = "/webhooks/knowledge"
_ADDRESSES = (
    "clone_url",
    "ssh_url",
    "git_url",
    "html_url",
    "url",
    "git_http_url",
    "git_ssh_url",
    "web_url",
    "homepage",
)


def knowledge_hook(freshness: Freshness, secrets: Sequence[str], metrics: Metrics) -> list[web.RouteDef]:
    """No route where there is no secret: whoever could have sources read could have them read all day."""

    hook = SignedHook("knowledge", "KNOWLEDGE_WEBHOOK_SECRET", secrets, metrics)

    async def take(request: web.Request) -> web.Response:
        asked = await _ask(freshness, *await hook.read(request))
        return web.json_response({"sources": list(asked or ()), "repeated": asked is None}, status=202)

    return [web.post(PATH, take)] if secrets else []


async def _ask(freshness: Freshness, headers: Mapping[str, str], body: bytes) -> Sequence[str] | None:
    payload, delivery = payload_of(headers, body), delivery_of(headers)
    if isinstance(payload.get("source"), str):
        return await freshness.ask(payload["source"], delivery)
    push = push_of(payload)
    return () if push is None else await freshness.pushed(push, delivery)


def push_of(payload: Mapping[str, Any]) -> Push | None:
    """What was pushed where; None for everything else that a forge tells, such as its first ping."""
    ref = payload.get("ref")
    places = [payload[name] for name in ("repository", "project") if isinstance(payload.get(name), dict)]
    if not isinstance(ref, str) or not places:
        return None
    addresses = [place[name] for place in places for name in _ADDRESSES if isinstance(place.get(name), str)]
    branch = next((place["default_branch"] for place in places if isinstance(place.get("default_branch"), str)), None)
    return Push(tuple(dict.fromkeys(addresses)), ref, branch)
