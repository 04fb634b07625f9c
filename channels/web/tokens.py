"""Who a visitor is, in signed tokens: nothing is stored for a session until its first message."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import jwt

from channels.web.settings import WebSettings
from core.domain.customer import Identity
from core.domain.errors import ConfigError, Unauthenticated
from core.domain.keys import ConversationKey
from core.ports.clock import Clock

CHANNEL = "web"
ACCOUNT = "default"

_ALGORITHM = "HS256"
_AUDIENCE = "switchboard:session"
_LONGEST_USER_TOKEN = timedelta(hours=24)
_LEEWAY = 30.0
"""Seconds by which the embedding site's clock may differ from ours."""
_MAX_TOKEN = 8_192
_REMEMBERED = 2_048


@dataclass(frozen=True)
class Session:
    """One conversation of one visitor. ``user`` is the site's own id of a person who proved to be that person."""

    id: str
    expires_at: datetime
    user: str | None = None
    name: str | None = None
    email: str | None = None
    locale: str | None = None

    @cached_property
    def key(self) -> ConversationKey:
        """Where this session's conversation lives."""
        return ConversationKey(CHANNEL, ACCOUNT, self.id)

    @cached_property
    def conversation_id(self) -> str:
        """The conversation's row id."""
        return self.key.conversation_id

    @cached_property
    def identity(self) -> Identity:
        """An unverified session is a person of its own, so that it can never attach to a known one."""
        return Identity(
            channel=CHANNEL,
            account=ACCOUNT,
            external_id=f"user:{self.user}" if self.user else f"anon:{self.id}",
            display_name=self.name,
            email=self.email,
            verified=self.user is not None,
            locale=self.locale,
        )


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a verified ``user_token`` says."""

    id: str
    name: str | None
    email: str | None


class Tokens:
    """Signs and verifies session tokens with ``SECRET_KEY``, and verifies the embedding site's user tokens."""

    def __init__(self, settings: WebSettings, clock: Clock) -> None:
        if not settings.secret_keys or not all(settings.secret_keys):
            raise ConfigError("SECRET_KEY is empty. Set it to a long random text.")
        self._settings = settings
        self._clock = clock
        # Verifying costs more than all else that is done for a short message, and its result never changes.
        self._known = lru_cache(_REMEMBERED)(self._verified)

    def open(self, user: KnownUser | None, locale: str | None) -> tuple[Session, str]:
        """A new session and its token."""
        life = self._settings.identified_life if user else self._settings.session_life
        expires_at = (self._clock.now() + life).replace(microsecond=0)
        session = Session(
            id="s_" + secrets.token_urlsafe(16),
            expires_at=expires_at,
            user=user.id if user else None,
            name=user.name if user else None,
            email=user.email if user else None,
            locale=locale,
        )
        claims = {
            "aud": _AUDIENCE,
            "sid": session.id,
            "exp": int(expires_at.timestamp()),
            "sub": session.user,
            "name": session.name,
            "email": session.email,
            "locale": session.locale,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        return session, jwt.encode(present, self._settings.secret_keys[0], algorithm=_ALGORITHM)

    def session(self, token: str) -> Session:
        """The session that a token opens. Raises Unauthenticated."""
        session = self._known(token)
        self.check_alive(session)
        return session

    def _verified(self, token: str) -> Session:
        """What a token says, whenever it was asked: its own time is looked at by the caller each time."""
        claims = self._verify(token, self._settings.secret_keys, audience=_AUDIENCE)
        session_id = claims.get("sid")
        if not isinstance(session_id, str):
            raise Unauthenticated("This is not the token of a session.")
        return Session(
            id=session_id,
            expires_at=self._expiry(claims, leeway=0.0),
            user=_text(claims, "sub"),
            name=_text(claims, "name"),
            email=_text(claims, "email"),
            locale=_text(claims, "locale"),
        )

    def check_alive(self, session: Session) -> None:
        """For sessions that outlive a request. Raises Unauthenticated when the token's time is over."""
        if session.expires_at <= self._clock.now():
            raise Unauthenticated("The token has expired.")

    def user(self, token: str) -> KnownUser:
        """The person that the embedding site vouches for. Raises Unauthenticated; never falls back to anonymous."""
        if not self._settings.identity_secrets:
            raise Unauthenticated("This server knows no signed-in users: WIDGET_IDENTITY_SECRET is not set.")
        claims = self._verify(token, self._settings.identity_secrets)
        expires_at = self._expiry(claims, leeway=_LEEWAY)
        if expires_at > self._clock.now() + _LONGEST_USER_TOKEN + timedelta(seconds=_LEEWAY):
            raise Unauthenticated("The user_token is valid for more than 24 hours. Sign a shorter one.")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.strip() or len(subject) > 255 or not subject.isprintable():
            raise Unauthenticated("The user_token needs a sub: the user's id as a text of at most 255 characters.")
        return KnownUser(subject, _text(claims, "name"), _text(claims, "email"))

    def _verify(self, token: str, keys: Sequence[str], *, audience: str | None = None) -> Mapping[str, Any]:
        if len(token) > _MAX_TOKEN:
            raise Unauthenticated("The token is too long.")
        for key in keys:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token,
                    key,
                    algorithms=[_ALGORITHM],
                    audience=audience,
                    # Time is checked against the injected clock, in _expiry.
                    options={"verify_exp": False, "verify_nbf": False, "verify_iat": False,
                             "verify_aud": audience is not None, "verify_sub": False},
                )  # fmt: skip
            except jwt.InvalidSignatureError:
                continue
            except (jwt.PyJWTError, ValueError, RecursionError) as error:
                raise Unauthenticated("The token cannot be read.") from error
            return claims
        raise Unauthenticated("The token was not signed here.")

    def _expiry(self, claims: Mapping[str, Any], *, leeway: float) -> datetime:
        now = self._clock.now()
        expires = claims.get("exp")
        if isinstance(expires, bool) or not isinstance(expires, (int, float)):
            raise Unauthenticated("The token needs an exp (seconds since 1970).")
        try:
            expires_at = datetime.fromtimestamp(expires, now.tzinfo)
        except (OverflowError, ValueError, OSError):
            raise Unauthenticated("The token's exp is not a time.") from None
        if expires_at + timedelta(seconds=leeway) <= now:
            raise Unauthenticated("The token has expired.")
        starts = claims.get("nbf")
        if isinstance(starts, (int, float)) and starts > now.timestamp() + max(leeway, _LEEWAY):
            raise Unauthenticated("The token is not valid yet.")
        return expires_at


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if not isinstance(value, str):
        return None
    value = "".join(char for char in value if char.isprintable()).strip()[:255]
    return value or None
