"""Tokens of installations at rest: sealed by keys that are not in the database, so that a copy of it opens no workspace."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.domain.errors import Unreachable

_PURPOSE = b"switchboard: tokens of Slack installations"
"""Mixed into the keys: what signs sessions and links elsewhere opens nothing here, and the other way round."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation in a workspace gives."""

    team: str
    team_name: str
    token: str
    bot_user: str
    scopes: str


class Seal:
    """Seals with the first of the secrets and opens what any of them has sealed (Fernet; keys by HKDF with SHA-256)."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [fernet(secret, _PURPOSE) for secret in secrets]

    def close(self, installation: Installed) -> str:
        """As it is remembered. Raises Unreachable where there is no key: a token is never written in clear."""
        if not self._keys:
            raise Unreachable("There is no SECRET_KEY to seal the workspace's token with.")
        # The workspace is sealed in with its token, so that nobody who can write to the database can exchange two of them.
        inside = json.dumps({"team": installation.team, "token": installation.token}).encode()
        kept = asdict(installation) | {"sealed": self._keys[0].encrypt(inside).decode()}
        del kept["token"]
        return json.dumps(kept)

    def open(self, value: str) -> tuple[Installed, bool]:
        """What was remembered, and whether it is to be written anew: it stands in clear, or a former key has sealed it.

        Raises Unreachable when no key opens it.
        """
        found = json.loads(value)
        sealed = found.pop("sealed", None)
        if sealed is None:
            return Installed(**found), True
        for number, key in enumerate(self._keys):
            try:
                inside = json.loads(key.decrypt(sealed.encode()))
            except InvalidToken:
                continue
            if inside["team"] == found["team"]:
                return Installed(**found, token=inside["token"]), number > 0
        raise Unreachable(
            f"The token of the workspace {found['team']} is sealed by another SECRET_KEY: write the former one behind a comma "
            "after it, or install the app there again."
        )


def fernet(secret: str, purpose: bytes) -> Fernet:
    """What one key of ours seals for one purpose."""
    return Fernet(base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, purpose).derive(secret.encode())))
