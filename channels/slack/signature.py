"""Slack's request signature, checked by its SDK with each of the secrets that are valid during a rotation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slack_sdk.signature import Clock as VerifierClock
from slack_sdk.signature import SignatureVerifier

from core.domain.errors import BadSignature
from core.ports.clock import Clock

HEADER = "x-slack-signature"


class Signatures:
    """Requests that are older than five minutes are not believed: they may be recordings."""

    def __init__(self, secrets: Sequence[str], clock: Clock) -> None:
        self._verifiers = [SignatureVerifier(secret, _Now(clock)) for secret in secrets]

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Any of the secrets will do. Each is tried, so that the time taken says nothing. Raises BadSignature."""
        try:
            matches = [one.is_valid_request(body, headers) for one in self._verifiers]
        except (ValueError, TypeError):  # a time that is no number, a body or a signature that is no text
            matches = []
        if not any(matches):
            raise BadSignature(
                "The request is not signed by Slack within the last five minutes: compare SLACK_SIGNING_SECRET with the app's, "
                "and this machine's clock."
            )


class _Now(VerifierClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()
