"""Slack's request signature (v0): HMAC-SHA256 over version, time and body, valid for five minutes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.domain.errors import BadSignature

HEADER = "x-slack-signature"
WINDOW = 300.0
"""Seconds; an older request may be a recording (Slack's own advice)."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What Slack writes in ``X-Slack-Signature``."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Any of the secrets will do. Each is tried, so that the time taken says nothing. Raises BadSignature."""
    given = {name.lower(): value for name, value in headers.items()}
    timestamp, signature = given.get("x-slack-request-timestamp", ""), given.get(HEADER, "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) < 13 and signature.isascii()):
        raise BadSignature("The request is not signed by Slack.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW:
        raise BadSignature("The request's signature is older than five minutes, or this machine's clock is wrong.")
    matches = [hmac.compare_digest(sign(secret, timestamp, body), signature) for secret in secrets]
    if not any(matches):
        raise BadSignature("The request's signature is not Slack's: compare SLACK_SIGNING_SECRET with the app's.")
