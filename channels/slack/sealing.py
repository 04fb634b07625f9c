"""Tokens of installations at rest: sealed by keys that are not in the database, so that a copy of it opens no workspace."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Unsealed:
    """``stale``: it stands there in clear, or sealed by a former key, and is to be written anew."""

    installation: Installed
    stale: bool


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
        return json.dumps(
            {
                "team": installation.team,
                "team_name": installation.team_name,
                "bot_user": installation.bot_user,
                "scopes": installation.scopes,
                "sealed": self._keys[0].encrypt(inside).decode(),
            }
        )

    def open(self, value: str) -> Unsealed:
        """What was remembered, also by a hub that did not seal yet. Raises Unreachable when no key opens it."""
        found = json.loads(value)
        sealed = found.pop("sealed", None)
        if sealed is None:
            return Unsealed(Installed(**found), stale=True)
        for number, key in enumerate(self._keys):
            try:
                inside = json.loads(key.decrypt(sealed.encode()))
            except InvalidToken:
                continue
            if inside["team"] == found["team"]:
                return Unsealed(Installed(**found, token=inside["token"]), stale=number > 0)
        raise Unreachable(
            f"The token of the workspace {found['team']} is sealed by another SECRET_KEY: write the former one behind a comma "
            "after it, or install the app there again."
        )


def fernet(secret: str, purpose: bytes) -> Fernet:
    """What one key of ours seals for one purpose."""
    return Fernet(base64.urlsafe_b64encode(HKDF(SHA256(), 32, None, purpose).derive(secret.encode())))
