"""Links to files that work without a token (an image tag cannot send one), for a while."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import timedelta

from core.domain.errors import NotAllowed
from core.ports.clock import Clock

_EXPIRY = re.compile("[0-9a-f]{1,12}")
_STEP = 3600
"""Expiry is rounded up to the hour, so that the same file keeps its link and stays in the browser's cache."""


class Links:
    """Signs ``/api/attachments/{id}?sig=``; the signature holds its own expiry."""

    def __init__(self, keys: Sequence[str], life: timedelta, clock: Clock) -> None:
        self._keys = [hashlib.blake2b(key.encode(), person=b"web-file-links", digest_size=32).digest() for key in keys]
        self._life = life.total_seconds()
        self._clock = clock

    def to(self, attachment_id: str) -> str:
        """A path on this server."""
        expires = int((self._clock.now().timestamp() + self._life) // _STEP + 1) * _STEP
        return f"/api/attachments/{attachment_id}?sig={expires:x}.{_mac(self._keys[0], attachment_id, expires)}"

    def check(self, attachment_id: str, signature: str) -> None:
        """Constant time. Raises NotAllowed for a forged or expired link."""
        head, _, mac = signature.partition(".")
        if not _EXPIRY.fullmatch(head):
            raise NotAllowed("This link is not whole.")
        expires = int(head, 16)
        given = mac.encode("utf-8", "replace")
        good = [hmac.compare_digest(_mac(key, attachment_id, expires).encode(), given) for key in self._keys]
        if not any(good):
            raise NotAllowed("This link was not made here.")
        if expires < self._clock.now().timestamp():
            raise NotAllowed("This link has expired. Reload the conversation to get a new one.")


def _mac(key: bytes, attachment_id: str, expires: int) -> str:
    digest = hmac.new(key, f"{attachment_id}\n{expires}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()
