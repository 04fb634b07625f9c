"""Webhooks of forges and trackers: what proves them, their JSON, and the names of their deliveries.

GitHub, Gitea and Forgejo sign the body with HMAC-SHA256 (``X-Hub-Signature-256``; docs.github.com, Validating webhook
deliveries), Jira likewise (``X-Hub-Signature``; developer.atlassian.com, Webhooks), Linear without naming the method
(``Linear-Signature``; linear.app/developers/webhooks). GitLab sends the secret itself (``X-Gitlab-Token``; docs.gitlab.com,
Webhooks). Nothing is parsed before.
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
from core.ports.metrics import Counter, Metrics

_MAX_BODY = 1024 * 1024
"""An issue, or pushes of some hundred commits. What a larger push changed is read by the clock, or when somebody asks for it."""
_SIGNED = ("x-hub-signature-256", "x-hub-signature", "linear-signature")
_SIGNATURE = re.compile("(?:sha256=)?([0-9a-f]{64})")
_LONGEST_ID = 200
_DELIVERIES = (
    *("x-github-delivery", "idempotency-key", "x-gitlab-event-uuid", "x-gitea-delivery", "x-forgejo-delivery"),
    *("linear-delivery", "x-atlassian-webhook-identifier"),
)

_log = structlog.get_logger(__name__)


class SignedHook:
    """One webhook. ``name``: in metrics and logs; ``setting``: where its ``secrets`` come from."""

    def __init__(self, name: str, setting: str, secrets: Sequence[str], metrics: Metrics) -> None:
        self._name = name
        self._setting = setting
        self._secrets = secrets
        self._metrics = metrics
        self._body = BoundedBody(_MAX_BODY)

    async def read(self, request: web.Request) -> tuple[Mapping[str, str], bytes]:
        """The headers, by names in small letters, and the body, proven. Raises BadSignature, and what BoundedBody raises."""
        self._body.check_length(request)
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            require_proof(headers)
            body = await self._body.read(request)
            prove(headers, body, self._secrets, self._setting)
        except BadSignature:
            self._metrics.count(Counter.BAD_SIGNATURES, channel=self._name)
            _log.warning("webhook.wrong_signature", channel=self._name, remote=request.remote)
            raise
        return headers, body


def require_proof(headers: Mapping[str, str]) -> None:
    """Before the body is read: whether anything in the headers could prove it. Raises BadSignature."""
    if not (_signatures(headers) or headers.get("x-gitlab-token")):
        raise BadSignature("The request is not signed.")


def prove(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], setting: str) -> None:
    """Any of the secrets will do. Each is tried, so that the time taken says nothing. Raises BadSignature."""
    token = headers.get("x-gitlab-token", "").encode("utf-8", "surrogateescape")
    good = False
    for secret in secrets:
        mine = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        for signature in _signatures(headers):
            good |= hmac.compare_digest(mine, signature)
        good |= hmac.compare_digest(secret.encode(), token)
    if not good:
        raise BadSignature(f"The request is not signed with {setting}.")


def _signatures(headers: Mapping[str, str]) -> Sequence[str]:
    found = [_SIGNATURE.fullmatch(headers.get(name, "")) for name in _SIGNED]
    return [one[1] for one in found if one is not None]


def delivery_of(headers: Mapping[str, str]) -> str | None:
    """The sender's name for it, the same when it comes again; None where it has none. Raises InvalidInput."""
    delivery = next((headers[name] for name in _DELIVERIES if headers.get(name)), None)
    if delivery is not None and (len(delivery) > _LONGEST_ID or not delivery.isprintable()):
        raise InvalidInput("The delivery's id is none.")
    return delivery


def payload_of(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
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
