"""Who has installed the app, and the sealed token to speak with there."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import structlog
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from channels.slack.client import SlackClient
from channels.slack.place import CHANNEL
from channels.slack.settings import SlackSettings
from channels.transport import Transport
from core.domain.errors import AuthFailed, HubError, StoreUnavailable, Unreachable
from core.ports.channel_memory import ChannelMemory

_PURPOSE = b"switchboard: tokens of Slack installations"
"""Mixed into the keys: what signs sessions and links elsewhere opens nothing here, and the other way round."""
_INSTALLED = "install/"
_USED = "install-state/"
_MOST = 10_000
_RECENT = 900.0
"""Seconds; longer than the outbox waits between two tries."""
_log = structlog.get_logger(__name__)


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


class Workspaces:
    """The configured token is its own workspace's; others are in memory, sealed, where an installation put them."""

    def __init__(self, settings: SlackSettings, memory: ChannelMemory, transport: Transport) -> None:
        self._settings = settings
        self._memory = memory
        self._transport = transport
        self._home = self.client_with(settings.bot_tokens) if settings.bot_tokens else None
        self._home_team: str | None = None
        self._home_user: str | None = None
        self._clients: dict[str, tuple[str, SlackClient]] = {}
        self._seal = Seal(settings.state_secrets + settings.former_secrets)
        self._refused: dict[str, float] = {}

    async def _learn(self) -> None:
        """Ask whose token was configured. Without an answer it is tried for every workspace that is not installed."""
        if self._home is None or self._home_team is not None:
            return
        try:
            found = await self._home.identity()
        except HubError as error:
            _log.warning("slack.not_asked", error=error.detail)
            return
        self._home_team, self._home_user = found.team, found.user

    async def client(self, team: str) -> SlackClient:
        """For a workspace. Raises Unreachable where the app is not installed, which may be mended; StoreUnavailable."""
        await self._learn()
        if self._home is not None and team == self._home_team:
            return self._home
        installed = await self.installation(team)
        if installed is not None:
            token, client = self._clients.get(team, ("", None))
            if client is None or token != installed.token:
                client = self.client_with((installed.token,))
                self._clients[team] = (installed.token, client)
            return client
        if self._home is not None and self._home_team in (None, team):  # it may have been learned meanwhile
            return self._home
        raise Unreachable(f"The app is not installed in the workspace {team} (any more). Install it again there.")

    def is_own(self, client: SlackClient) -> bool:
        """Whether it is the configured token's: then its failure is the whole channel's."""
        return client is self._home

    async def bot_user(self, team: str) -> str | None:
        """The app's user there, where it is known."""
        await self._learn()
        if team == self._home_team:
            return self._home_user
        installed = await self.installation(team)
        return installed.bot_user if installed is not None else self._home_user

    async def staff_teams(self) -> frozenset[str]:
        """The workspace of the staff, and the organisation that it is a part of. Raises HubError."""
        tokens = self._settings.staff_tokens or self._settings.bot_tokens
        if not tokens:
            return frozenset()
        found = await self.client_with(tokens).identity()
        return frozenset(one for one in (found.team, found.enterprise) if one)

    async def installation(self, team: str) -> Installed | None:
        """As it was remembered; always read, since another process may have taken it.

        Raises StoreUnavailable, and Unreachable when its token cannot be read with the present keys.
        """
        found = await self._memory.recall(CHANNEL, self._settings.account, _INSTALLED + team)
        return await self._read(found) if found else None

    async def _read(self, value: str) -> Installed:
        """What was written in clear, or with a former key, is written anew, if nobody else has meanwhile."""
        found, stale = self._seal.open(value)
        if stale:
            with contextlib.suppress(Unreachable, StoreUnavailable):
                key, new = _INSTALLED + found.team, self._seal.close(found)
                await self._memory.replace(CHANNEL, self._settings.account, key, value, new)
        return found

    async def installations(self) -> dict[str, Installed | Unreachable]:
        """All by workspace, each sealed with the present key from now on; the reason where one cannot be read.

        Raises StoreUnavailable.
        """
        found: dict[str, Installed | Unreachable] = {}
        kept = await self._memory.recall_all(CHANNEL, self._settings.account, _INSTALLED, limit=_MOST)
        for key, value in kept.items():
            team = key.removeprefix(_INSTALLED)
            try:
                found[team] = await self._read(value)
            except Unreachable as error:
                _log.error("slack.token_not_read", team=team, error=error.detail)
                found[team] = error
        return found

    async def installed(self, installation: Installed) -> None:
        """Remember it, instead of an earlier one. Raises StoreUnavailable, and Unreachable without a key to seal it with."""
        value = self._seal.close(installation)
        await self._memory.remember(CHANNEL, self._settings.account, _INSTALLED + installation.team, value)
        self._refused.pop(installation.team, None)
        _log.info("slack.installed", team=installation.team)

    async def removed(self, team: str) -> None:
        """Slack says that the app was taken out of a workspace. Raises HubError.

        The token is asked first: Slack repeats its events for an hour, and the app may be installed again by then, even
        while this is asked.
        """
        installed = await self.installation(team)
        if installed is None:
            return
        try:
            await self.client_with((installed.token,)).auth_test()
        except AuthFailed:
            await self._forget(team, installed.token)
        else:
            _log.info("slack.not_removed", team=team, reason="its token works")

    async def _forget(self, team: str, token: str) -> None:
        """An installation by its token: what was written instead of it meanwhile stays."""
        key = _INSTALLED + team
        kept = await self._memory.recall(CHANNEL, self._settings.account, key)
        if kept is None or self._seal.open(kept)[0].token != token:
            return
        await self._memory.forget(CHANNEL, self._settings.account, key, old=kept)
        self._clients.pop(team, None)
        _log.warning("slack.removed", team=team)

    async def used(self, nonce: str, until: float) -> bool:
        """Whether an installation was ended before with this state, which serves once. Raises StoreUnavailable.

        It is remembered (channels.forgetting) for longer than a state lives.
        """
        return not await self._memory.replace(CHANNEL, self._settings.account, _USED + nonce, None, str(until))

    def refused(self, team: str, now: float) -> None:
        """A workspace does not take what is for it: its messages wait, and somebody has to know."""
        self._refused[team] = now

    def works(self, team: str) -> None:
        """It took something."""
        self._refused.pop(team, None)

    def trouble(self, now: float) -> str | None:
        """Workspaces whose messages wait, where there are any that somebody tried to deliver lately."""
        waiting = sorted(team for team, at in self._refused.items() if now - at < _RECENT)
        return f"the app has to be installed again in {', '.join(waiting)}; what is for it waits" if waiting else None

    def client_with(self, tokens: tuple[str, ...]) -> SlackClient:
        """For calls of no workspace: with the app's own token, or with none for the end of an installation."""
        return SlackClient(self._transport, tokens, self._settings.api_base_url)
