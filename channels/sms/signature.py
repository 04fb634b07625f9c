"""Proof that a request comes from Twilio: ``X-Twilio-Signature``, computed by Twilio's own library (Twilio, "Webhooks security").

Its validator is not asked whether it fits: that takes one token, and compares what has the same length only. There is no time
in a signature, so no replay window: a repeated event is known by its sid.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

from twilio.request_validator import RequestValidator, get_signature_algorithm

from core.domain.errors import BadSignature
from core.ports.channel import WebhookRequest

HEADER = "x-twilio-signature"
ALGORITHM_HEADER = "x-twilio-webhooks-signature-settings"
_PORTS = {"https": 443, "http": 80}


class _Fields(dict[str, list[str]]):
    """A form as the library reads one in which a name may occur twice."""

    def getall(self, name: str) -> list[str]:
        return self[name]


def verify(request: WebhookRequest, tokens: Iterable[str]) -> None:
    """Any of the tokens may have signed. Raises BadSignature."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    given = headers.get(HEADER, "").encode("utf-8", "surrogateescape")
    algorithm = get_signature_algorithm(headers.get(ALGORITHM_HEADER))
    matches = False
    try:
        fields = _signed(request, headers.get("content-type", ""))
        for token in tokens:
            for url in _spellings(request.url):
                mine = RequestValidator(token).compute_signature(url, fields, algorithm)
                matches |= hmac.compare_digest(mine.encode(), given)
    except ValueError as error:
        raise BadSignature("The request is not a form in UTF-8 that is signed by a method known here.") from error
    if not matches:
        raise BadSignature("The request is not signed with this account's auth token.")


def _signed(request: WebhookRequest, content_type: str) -> _Fields:
    """What is signed beside the address. A JSON body is not: its hash is, in the address (``bodySHA256``)."""
    fields = _Fields()
    if "application/json" not in content_type.lower():
        for name, value in parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict"):
            fields.setdefault(name, []).append(value)
        return fields
    promised = parse_qs(urlsplit(request.url).query).get("bodySHA256", [""])[0]
    if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), promised.encode()):
        raise BadSignature("The body is not the one that was signed.")
    return fields


def _spellings(url: str) -> tuple[str, ...]:
    """With and without the port: what Twilio signs differs between its systems."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        port = parts.port
    except ValueError:
        return (url,)
    user = parts.netloc.rpartition("@")[0]
    bare = f"{user}@{host}" if user else host
    full = f"{bare}:{port or _PORTS.get(parts.scheme, 80)}"
    return tuple({url: None, _at(parts, bare): None, _at(parts, full): None})


def _at(parts: SplitResult, netloc: str) -> str:
    return parts._replace(netloc=netloc).geturl()
