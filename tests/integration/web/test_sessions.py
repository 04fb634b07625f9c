"""Sessions, identities and whose history is whose."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt

from channels.web.settings import Rate, WebSettings
from core.domain.conversation import OwnershipEvent
from core.domain.messages import Author, MessageKind
from core.ports.store import NewMessage, Transition
from tests.contract.stores.sayings import change_owner
from tests.integration.web.rig import KEY, Rig, running, with_limits

SITE = "s" * 32
KNOWN = WebSettings(secret_keys=(KEY,), identity_secrets=(SITE,), company="Acme", locale="fr")


def _user(sub: str, **claims: Any) -> str:
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 600, **claims}, SITE, algorithm="HS256")


async def test_a_session_says_what_the_widget_needs(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        session = await rig.session(locale="de")
        assert session["session_id"].startswith("s_")
        assert session["expires_at"].endswith("Z")
        assert session["config"]["company"] == "Acme"
        assert session["config"]["locale"] == "de"
        assert session["config"]["features"] == {
            "attachments": True,
            "feedback": True,
            "staff": False,
            "transcript": False,
        }
        assert (await rig.session())["config"]["locale"] == "fr"


async def test_a_session_opens_without_a_body(rig: Rig) -> None:
    status, body, headers = await rig.call("POST", "/api/sessions")
    assert status == 200
    assert body["token"]
    assert headers["Cache-Control"] == "no-store"


async def test_it_can_be_looked_at_and_ended(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}"
    status, body, _ = await rig.call("GET", path, session["token"])
    assert (status, body["status"], body["cursor"]) == (200, "bot", 0)
    await rig.say(session, "Hi", "c1")
    _, body, _ = await rig.call("GET", path, session["token"])
    assert body["cursor"] > 1
    assert (await rig.call("DELETE", path, session["token"]))[0] == 204
    for method, more in (("GET", ""), ("DELETE", ""), ("GET", "/history"), ("GET", "/events")):
        status, problem, _ = await rig.call(method, path + more, session["token"])
        assert (status, problem["code"]) == (410, "session_ended")


async def test_a_session_that_never_spoke_can_be_ended(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/sessions/{session['session_id']}"
    assert (await rig.call("DELETE", path, session["token"]))[0] == 204
    assert (await rig.say(session, "Hi", "c1"))[0] == 410


async def test_bad_user_tokens_are_refused(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        for token in ("nonsense", jwt.encode({"sub": "u1", "exp": 4e9}, "x" * 32, algorithm="HS256"), ""):
            status, problem, _ = await rig.call("POST", "/api/sessions", json={"user_token": token})
            assert (status, problem["code"]) == (401, "unauthenticated")
        for body in ({"user_token": 7}, {"locale": "<b>"}, [1]):
            assert (await rig.call("POST", "/api/sessions", json=body))[0] == 400


async def test_a_known_customers_history_spans_sessions_and_nobody_else_reads_it(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        for number in range(2):
            session = await rig.session(user_token=_user("u1", name="Ada"))
            await rig.say(session, f"question {number}", "c1")
        status, body, _ = await rig.call("GET", "/api/users/u1/history", session["token"])
        assert status == 200
        asked = [message["content"] for message in body["messages"] if message["author"] == "customer"]
        assert asked == ["question 1", "question 0"]
        assert {message["name"] for message in body["messages"] if message["author"] == "customer"} == {"Ada"}
        for other in (await rig.session(), await rig.session(user_token=_user("u2"))):
            status, problem, _ = await rig.call("GET", "/api/users/u1/history", other["token"])
            assert (status, problem["code"]) == (403, "not_allowed")
        assert (await rig.call("GET", "/api/users/u1/history"))[0] == 401


async def test_an_anonymous_customer_reads_their_own_history(rig: Rig) -> None:
    session = await rig.session()
    await rig.say(session, "Hi", "c1")
    _, body, _ = await rig.call("GET", f"/api/users/{session['session_id']}/history", session["token"])
    assert len(body["messages"]) == 2


async def test_a_customer_does_not_read_what_staff_may_still_take_back(rig: Rig) -> None:
    session = await rig.session()
    await rig.say(session, "Hi", "c1")
    path = f"/api/users/{session['session_id']}/history"
    _, before, _ = await rig.call("GET", path, session["token"])
    mine = before["messages"][0]["conversation_id"]
    claimed = Transition(OwnershipEvent.CLAIM, owner="grace")
    hasty = NewMessage(Author.STAFF, "he is a fraud", MessageKind.ANSWER, author_name="Grace", delay=300.0)
    await change_owner(rig.store, mine, Transition(OwnershipEvent.ESCALATE))
    await change_owner(rig.store, mine, claimed, [hasty])
    _, after, _ = await rig.call("GET", path, session["token"])
    assert after == before


async def test_an_anonymous_session_named_like_a_user_stays_a_stranger(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        known = await rig.session(user_token=_user("u1"))
        await rig.say(known, "my secret", "c1")
        stranger = await rig.session()
        await rig.say(stranger, "Hi, I am u1", "c1")
        _, body, _ = await rig.call("GET", f"/api/users/{stranger['session_id']}/history", stranger["token"])
        assert "my secret" not in str(body)


async def test_sessions_and_messages_have_limits(tmp_path: Path) -> None:
    limited = with_limits(
        WebSettings(secret_keys=(KEY,)), sessions_per_address=Rate(2, 60), messages_per_session=Rate(2, 60)
    )
    async with running(tmp_path, limited) as rig:
        session, _ = await rig.session(), await rig.session()
        status, problem, headers = await rig.call("POST", "/api/sessions", json={})
        assert (status, problem["code"]) == (429, "rate_limited")
        assert int(headers["Retry-After"]) > 0
        for number in range(2):
            assert (await rig.say(session, "Hi", f"c{number}"))[0] == 200
        assert (await rig.say(session, "Hi", "c9"))[0] == 429
        async with rig.socket(session) as socket:
            await socket.send(type="message", content="Hi", client_id="c9")
            error = await socket.until("error")
            assert (error["code"], error["client_id"]) == ("rate_limited", "c9")
            assert error["retry_after"] > 0


async def test_forwarded_addresses_count_only_behind_a_trusted_proxy(tmp_path: Path) -> None:
    for proxies, expected in (((), 429), (("127.0.0.0/8",), 200)):
        limited = with_limits(
            WebSettings(secret_keys=(KEY,), trusted_proxies=proxies), sessions_per_address=Rate(1, 60)
        )
        async with running(tmp_path / str(expected), limited) as rig:
            for client, status in (("198.51.100.1", 200), ("198.51.100.2", expected)):
                headers = {"X-Forwarded-For": f"203.0.113.9, {client}"}
                assert (await rig.call("POST", "/api/sessions", headers=headers))[0] == status
