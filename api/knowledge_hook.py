"""``POST /webhooks/knowledge``: a forge says that somebody has pushed, or a build that a site is new.

GitHub, Gitea and Forgejo sign the body with HMAC-SHA256 (``X-Hub-Signature-256``; docs.github.com, Validating webhook
deliveries); GitLab sends the secret itself (``X-Gitlab-Token``; docs.gitlab.com, Webhooks). Nothing is parsed before.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import structlog
from aiohttp import web

from channels.bounded_body import BoundedBody
from core.domain.errors import BadSignature, InvalidInput
from core.domain.push import Push
from core.ports.freshness import Freshness
from core.ports.metrics import Counter, Metrics

PATH = "/webhooks/knowledge"
_MAX_BODY = 1024 * 1024
"""Pushes of some hundred commits. What a larger one changed is read by the clock, or when somebody asks for it."""
_SIGNATURE = re.compile("sha256=[0-9a-f]{64}")
_LONGEST_ID = 200
_DELIVERIES = ("x-github-delivery", "idempotency-key", "x-gitlab-event-uuid", "x-gitea-delivery", "x-forgejo-delivery")
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

_log = structlog.get_logger(__name__)


def knowledge_hook(freshness: Freshness, secrets: Sequence[str], metrics: Metrics) -> list[web.RouteDef]:
    """No route where there is no secret: whoever could have sources read could have them read all day."""

    body = BoundedBody(_MAX_BODY)

    async def take(request: web.Request) -> web.Response:
        body.check_length(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            require_proof(headers)
            read = await body.read(request)
            prove(headers, read, secrets)
        except BadSignature:
            metrics.count(Counter.BAD_SIGNATURES, channel="knowledge")
            _log.warning("webhook.wrong_signature", channel="knowledge", remote=request.remote)
            raise
        asked = await _ask(freshness, headers, read)
        return web.json_response(
            {"sources": list(asked or ()), "repeated": asked is None}, status=202, headers={"Cache-Control": "no-store"}
        )

    return [web.post(PATH, take)] if secrets else []


def require_proof(headers: Mapping[str, str]) -> None:
    """Before the body is read: whether anything in the headers could prove it. Raises BadSignature."""
    if not (_SIGNATURE.fullmatch(headers.get("x-hub-signature-256", "")) or headers.get("x-gitlab-token")):
        raise BadSignature("The request is not signed.")


def prove(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """Any of the secrets will do. Each is tried, so that the time taken says nothing. Raises BadSignature."""
    signature = headers.get("x-hub-signature-256", "").encode("utf-8", "surrogateescape")
    token = headers.get("x-gitlab-token", "").encode("utf-8", "surrogateescape")
    good = False
    for secret in secrets:
        mine = f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"
        good |= hmac.compare_digest(mine.encode(), signature)
        good |= hmac.compare_digest(secret.encode(), token)
    if not good:
        raise BadSignature("The request is not signed with KNOWLEDGE_WEBHOOK_SECRET.")


async def _ask(freshness: Freshness, headers: Mapping[str, str], body: bytes) -> Sequence[str] | None:
    payload = _payload(headers, body)
    delivery = next((headers[name] for name in _DELIVERIES if headers.get(name)), None)
    if delivery is not None and (len(delivery) > _LONGEST_ID or not delivery.isprintable()):
        raise InvalidInput("The delivery's id is none.")
    if isinstance(payload.get("source"), str):
        return await freshness.ask(payload["source"], delivery)
    push = push_of(payload)
    return () if push is None else await freshness.pushed(push, delivery)


def _payload(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """GitHub sends a form where the webhook's content type was left as it is proposed. Raises InvalidInput."""
    try:
        text = body.decode("utf-8")
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            text = parse_qs(text, max_num_fields=10).get("payload", [""])[0]
        payload = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput("The body is no JSON.") from None
    if not isinstance(payload, dict):
        raise InvalidInput("The body is no JSON object.")
    return payload


def push_of(payload: Mapping[str, Any]) -> Push | None:
    """What was pushed where; None for everything else that a forge tells, such as its first ping."""
    ref = payload.get("ref")
    places = [payload[name] for name in ("repository", "project") if isinstance(payload.get(name), dict)]
    if not isinstance(ref, str) or not places:
        return None
    addresses = [place[name] for place in places for name in _ADDRESSES if isinstance(place.get(name), str)]
    branch = next((place["default_branch"] for place in places if isinstance(place.get("default_branch"), str)), None)
    return Push(tuple(dict.fromkeys(addresses)), ref, branch)
