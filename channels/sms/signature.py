"""Proof that a request comes from Twilio: an HMAC over the public address and the sorted form, in ``X-Twilio-Signature``.

Own code, because the library's comparison ends early on a wrong length and takes one token; a test holds it against the library.
Source: Twilio, "Webhooks security". There is no time in a signature, so no replay window: a repeated event is known by its sid.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

from core.domain.errors import BadSignature
from core.ports.channel import WebhookRequest

HEADER = "x-twilio-signature"
ALGORITHM_HEADER = "x-twilio-webhooks-signature-settings"
_HASHES = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_PORTS = {"https": 443, "http": 80}


def verify(request: WebhookRequest, tokens: Iterable[str]) -> None:
    """Any of the tokens may have signed. Raises BadSignature."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    given = headers.get(HEADER, "").encode("utf-8", "surrogateescape")
    signed = _signed(request, headers.get("content-type", ""))
    algorithm = _algorithm(headers)
    matches = False
    for token in tokens:
        for url in _spellings(request.url):
            mine = signature(token, url + signed, algorithm)
            matches |= hmac.compare_digest(mine.encode(), given)
    if not matches:
        raise BadSignature("The request is not signed with this account's auth token.")


def signature(token: str, text: str, algorithm: str = "HMAC_SHA1") -> str:
    """Base64 of the keyed hash."""
    digest = hmac.new(token.encode(), text.encode("utf-8", "surrogateescape"), _HASHES[algorithm]).digest()
    return base64.b64encode(digest).decode()


def joined(form: Iterable[tuple[str, str]]) -> str:
    """Every name with each of its values once, sorted, without anything between them."""
    return "".join(name + value for name, value in sorted(set(form)))


def _algorithm(headers: Mapping[str, str]) -> str:
    """Named by requests that are signed with a shared key instead of the account's token."""
    named = dict(part.strip().partition("=")[::2] for part in headers.get(ALGORITHM_HEADER, "").split(","))
    algorithm = (named.get("algorithm") or "HMAC_SHA1").upper()
    if algorithm not in _HASHES:
        raise BadSignature(f"The request is signed by a method that is not known here: {algorithm[:40]}.")
    return algorithm


def _signed(request: WebhookRequest, content_type: str) -> str:
    """What is signed after the address. A JSON body is not in it: its hash is, in the address (``bodySHA256``)."""
    if "application/json" not in content_type.lower():
        try:
            return joined(parse_qsl(request.body.decode(), keep_blank_values=True, errors="strict"))
        except (UnicodeDecodeError, ValueError) as error:
            raise BadSignature("The form is not in UTF-8.") from error
    promised = parse_qs(urlsplit(request.url).query).get("bodySHA256", [""])[0]
    if not hmac.compare_digest(hashlib.sha256(request.body).hexdigest().encode(), promised.encode()):
        raise BadSignature("The body is not the one that was signed.")
    return ""


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
