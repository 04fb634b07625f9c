"""Sessions and identities cannot be forged, borrowed or kept for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest

from channels.web.settings import WebSettings
from channels.web.tokens import Tokens
from core.domain.errors import ConfigError, Unauthenticated
from tests.unit.web.clock import HandClock

NEW, OLD, SITE = "n" * 32, "o" * 32, "s" * 32


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def tokens(clock: HandClock) -> Tokens:
    return Tokens(WebSettings(secret_keys=(NEW, OLD), identity_secrets=(SITE, OLD)), clock)


def _user_token(clock: HandClock, key: str = SITE, **claims: Any) -> str:
    known = {"sub": "u1", "exp": int(clock.now().timestamp()) + 600, "name": "Ada", "email": "ada@example.com"}
    return jwt.encode({**known, **claims}, key, algorithm="HS256")


def test_a_token_opens_its_session(tokens: Tokens) -> None:
    session, token = tokens.open(None, "de")
    assert tokens.session(token) == session
    assert session.identity.external_id == f"anon:{session.id}"
    assert session.identity.verified is False
    assert session.locale == "de"


def test_sessions_differ(tokens: Tokens) -> None:
    assert tokens.open(None, None)[0].conversation_id != tokens.open(None, None)[0].conversation_id


def test_a_verified_user_is_known(tokens: Tokens, clock: HandClock) -> None:
    session, token = tokens.open(tokens.user(_user_token(clock)), None)
    assert tokens.session(token).identity == session.identity
    assert (session.identity.external_id, session.identity.verified) == ("user:u1", True)
    assert (session.identity.display_name, session.identity.email) == ("Ada", "ada@example.com")


def test_an_anonymous_session_never_meets_a_known_person(tokens: Tokens) -> None:
    session, _ = tokens.open(None, None)
    assert not session.identity.external_id.startswith("user:")


def test_it_expires(tokens: Tokens, clock: HandClock) -> None:
    _, token = tokens.open(None, None)
    clock.seconds = timedelta(days=30).total_seconds() - 1
    tokens.session(token)
    clock.seconds += 1
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.session(token)


def test_a_rotated_key_still_verifies_and_no_longer_signs(tokens: Tokens, clock: HandClock) -> None:
    before = Tokens(WebSettings(secret_keys=(OLD,)), clock)
    session, token = before.open(None, None)
    assert tokens.session(token) == session
    _, renewed = tokens.open(None, None)
    with pytest.raises(Unauthenticated):
        before.session(renewed)
    assert tokens.user(_user_token(clock, OLD)).id == "u1"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "abc",
        "a.b.c",
        jwt.encode({"sid": "s_1", "aud": "switchboard:session", "exp": 4e9}, "x" * 32, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "switchboard:session", "exp": 4e9}, NEW * 2, algorithm="HS512"),
        jwt.encode({"sid": "s_1", "exp": 4e9}, NEW, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "other", "exp": 4e9}, NEW, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "switchboard:session"}, NEW, algorithm="HS256"),
        jwt.encode({"sid": 7, "aud": "switchboard:session", "exp": 4e9}, NEW, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "switchboard:session", "exp": "soon"}, NEW, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "switchboard:session", "exp": 1e300}, NEW, algorithm="HS256"),
        jwt.encode({"sid": "s_1", "aud": "switchboard:session", "exp": 4e9}, None, algorithm="none"),
        "x" * 10_000,
        "\ud800.a.b",
    ],
)
def test_forged_tokens_open_nothing(tokens: Tokens, token: str) -> None:
    with pytest.raises(Unauthenticated):
        tokens.session(token)


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"exp": None}, "exp"),
        ({"exp": -60}, "expired"),
        ({"exp": 25 * 3600}, "24 hours"),
        ({"sub": None}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": " "}, "sub"),
        ({"sub": "a\nb"}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"nbf": 3600}, "not valid yet"),
    ],
)
def test_a_bad_user_token_is_refused_never_anonymous(
    tokens: Tokens, clock: HandClock, claims: dict[str, Any], why: str
) -> None:
    now = int(clock.now().timestamp())
    for name in ("exp", "nbf"):
        if isinstance(claims.get(name), int):
            claims = {**claims, name: now + claims[name]}
    full = {"sub": "u1", "exp": now + 600, **claims}
    token = jwt.encode({name: value for name, value in full.items() if value is not None}, SITE, algorithm="HS256")
    with pytest.raises(Unauthenticated, match=why):
        tokens.user(token)


def test_a_session_token_is_no_user_token_and_the_other_way_round(clock: HandClock) -> None:
    one_key = Tokens(WebSettings(secret_keys=(NEW,), identity_secrets=(NEW,)), clock)
    with pytest.raises(Unauthenticated):
        one_key.session(_user_token(clock, NEW))
    with pytest.raises(Unauthenticated):
        one_key.user(one_key.open(None, None)[1])


def test_without_an_identity_secret_nobody_is_known(clock: HandClock) -> None:
    with pytest.raises(Unauthenticated, match="WIDGET_IDENTITY_SECRET"):
        Tokens(WebSettings(secret_keys=(NEW,)), clock).user(_user_token(clock))


def test_names_are_cleaned(tokens: Tokens, clock: HandClock) -> None:
    assert tokens.user(_user_token(clock, name="A\x00d\x1ba ")).name == "Ada"
    assert tokens.user(_user_token(clock, name=7)).name is None


def test_a_session_that_outlives_its_token_is_noticed(tokens: Tokens, clock: HandClock) -> None:
    session, _ = tokens.open(None, None)
    tokens.check_alive(session)
    with pytest.raises(Unauthenticated):
        tokens.check_alive(replace(session, expires_at=clock.now()))


def test_an_empty_key_is_refused(clock: HandClock) -> None:
    with pytest.raises(ConfigError, match="SECRET_KEY"):
        Tokens(WebSettings(secret_keys=()), clock)
