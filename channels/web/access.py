"""Who is asking: the client's address, its session, and whether that session may still be used."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from channels.addresses import client_of, countable, parse_networks
from channels.web.rates import Rates
from channels.web.settings import WebSettings
from channels.web.tokens import CHANNEL, Session, Tokens
from core.domain.budget import Spender
from core.domain.conversation import Conversation
from core.domain.errors import HubError, NotAllowed, SessionEnded, Unauthenticated
from core.ports.metrics import Counter, Metrics
from core.ports.store import Records

_log = structlog.get_logger(__name__)


IsOperator = Callable[[web.Request], bool]


def nobody(_request: web.Request) -> bool:
    """Without operators."""
    return False


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request counts against: a person whom the site has signed in, or a stranger's address.

    ``key``: what shares are counted by. ``network``: of a stranger's IPv6 /64 the /48 around it, which one customer of a provider
    may have whole. Addresses say where somebody lives, so both are keyed hashes.
    """

    key: str
    known: bool
    network: str | None = None

    @property
    def origin(self) -> str | None:
        """What each message of a stranger keeps, so that a turn counts as this door does (core.domain.budget.ORIGIN)."""
        if self.known:
            return None
        return self.key if self.network is None else f"{self.key}/{self.network}"

    @property
    def spender(self) -> Spender:
        """Whose share of a day's budgets a request uses up."""
        group = f"web-network:{self.network}" if self.network is not None else ""
        return Spender(f"web:{self.key}", self.known, group=group)


class Access:
    """Asked first by every route that belongs to a session."""

    def __init__(self, settings: WebSettings, tokens: Tokens, records: Records, rates: Rates, metrics: Metrics) -> None:
        self.tokens = tokens
        self.rates = rates
        self.limits = settings.limits
        self._records = records
        self._metrics = metrics
        self._trusted = parse_networks(settings.trusted_proxies)
        self._warned = False
        secret = settings.secret_keys[0].encode()
        self._hash_key = hashlib.blake2b(secret, person=b"web-addresses", digest_size=32).digest()

    def address(self, request: web.Request) -> str:
        """The client's address for counting: the nearest one that is not a trusted proxy; of IPv6 the /64."""
        peer = request.remote or "local"
        forwarded = request.headers.getall("X-Forwarded-For", [])
        if forwarded and not self._warned and not self._trusted:
            self._warned = True  # behind a proxy that is not named, all visitors share the limits of one address
            _log.warning("access.proxy_not_trusted", setting="TRUSTED_PROXIES")
        return countable(client_of(peer, forwarded, self._trusted))

    def caller(self, request: web.Request, user: str | None) -> Caller:
        """The caller of a request. ``user``: the id of a person whom the site has signed in."""
        if user is not None:
            return Caller(f"user:{user}", known=True)
        address = self.address(request)
        network = None
        if address.endswith("/64"):
            network = self._hashed(str(ipaddress.IPv6Network(address).supernet(new_prefix=48)))
        return Caller(self._hashed(address), known=False, network=network)

    def _hashed(self, address: str) -> str:
        return hashlib.blake2b(address.encode("utf-8", "replace"), key=self._hash_key, digest_size=12).hexdigest()

    def session(self, request: web.Request) -> Session:
        """The session of the request's bearer token. Raises Unauthenticated, NotAllowed for another session's path."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Unauthenticated("Send the session's token: Authorization: Bearer …")
        session = self.verified(token.strip())
        wanted = request.match_info.get("session_id")
        if wanted is not None and wanted != session.id:
            raise NotAllowed("This token belongs to another session.")
        return session

    def verified(self, token: str) -> Session:
        """The session that a token names. Raises Unauthenticated for one that is forged or expired, and counts it."""
        try:
            return self.tokens.session(token)
        except Unauthenticated:
            self._metrics.count(Counter.BAD_SIGNATURES, channel=CHANNEL)
            raise

    def refused(self, error: HubError) -> None:
        """Count what a client wanted to say and could not."""
        self._metrics.count(Counter.EVENTS_REFUSED, channel=CHANNEL, reason=error.code)

    async def reader(self, request: web.Request) -> tuple[Session, Conversation | None]:
        """A session that may read: not too often, and not ended. No conversation before its first message."""
        session = self.session(request)
        await self.rates.hit("reads", session.id, self.limits.reads_per_session)
        return session, await self.conversation(session)

    async def conversation(self, session: Session) -> Conversation | None:
        """The session's conversation. Raises SessionEnded."""
        conversation = await self._records.conversation(session.conversation_id)
        if conversation is not None and conversation.ended_at is not None:
            raise SessionEnded("This conversation has ended. Start a new one.")
        return conversation
