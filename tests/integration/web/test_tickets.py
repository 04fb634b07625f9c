"""A customer's tickets and history over HTTP: for the customer alone, and for operators."""

from __future__ import annotations

import time
from pathlib import Path

import jwt

from channels.web.adapter import WebChannel
from channels.web.settings import WebSettings
from core.domain.customer import Identity
from core.domain.keys import ConversationKey
from core.domain.ticket import TicketPriority
from core.ports.outcomes import LinkIdentity, UnlinkIdentity
from core.ports.tickets import Holder, NewTicket
from tests.integration.web.rig import KEY, OPERATOR_TOKEN, Rig, running

IDENTITY = "i" * 32
KNOWN = WebSettings(secret_keys=(KEY,), identity_secrets=(IDENTITY,))


def user_token(sub: str) -> str:
    """As the embedding site signs it."""
    return jwt.encode({"sub": sub, "exp": int(time.time()) + 600}, IDENTITY, algorithm="HS256")


async def open_ticket(rig: Rig, session: dict[str, str], subject: str) -> str:
    """For the customer of a session that has written something."""
    home = ConversationKey("web", WebChannel.account, session["session_id"]).conversation_id
    customer = await rig.store.customer(home)
    assert customer is not None
    new = NewTicket(subject, TicketPriority.HIGH, "billing", "a note")
    made = await rig.store.create_ticket(Holder.of(customer, home), new, actor="agent", origin=subject)
    return made.number


async def test_a_known_customers_tickets_span_sessions_and_nobody_else_reads_them(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        numbers = []
        for place in range(2):
            session = await rig.session(user_token=user_token("u1"))
            await rig.say(session, "Hi", "c1")
            numbers.append(await open_ticket(rig, session, f"Matter {place}"))
        status, body, headers = await rig.call("GET", "/api/users/u1/tickets", session["token"])
        assert status == 200
        assert headers["Cache-Control"] == "no-store"
        assert body["user_id"] == "u1"
        assert {one["number"] for one in body["tickets"]} == set(numbers)
        newest = body["tickets"][0]
        assert (newest["status"], newest["priority"], newest["category"]) == ("open", "high", "billing")
        assert "a note" not in str(body)
        for other in (await rig.session(), await rig.session(user_token=user_token("u2"))):
            status, problem, _ = await rig.call("GET", "/api/users/u1/tickets", other["token"])
            assert (status, problem["code"]) == (403, "not_allowed")
        status, problem, _ = await rig.call("GET", "/api/users/u1/tickets")
        assert (status, problem["code"]) == (401, "unauthenticated")


async def test_a_stranger_reads_the_tickets_of_the_one_session(rig: Rig) -> None:
    first, second = await rig.session(), await rig.session()
    for session in (first, second):
        await rig.say(session, "Hi", "c1")
    number = await open_ticket(rig, first, "Mine")
    _, mine, _ = await rig.call("GET", f"/api/users/{first['session_id']}/tickets", first["token"])
    _, theirs, _ = await rig.call("GET", f"/api/users/{second['session_id']}/tickets", second["token"])
    assert [one["number"] for one in mine["tickets"]] == [number]
    assert theirs["tickets"] == []


async def test_what_a_code_has_linked_is_read_until_the_link_is_undone(rig: Rig) -> None:
    mine, stranger = await rig.session(), await rig.session()
    for session in (mine, stranger):
        await rig.say(session, "Hi", "c1")
    home = ConversationKey("web", WebChannel.account, mine["session_id"]).conversation_id
    customer = await rig.store.customer(home)
    assert customer is not None
    phone = Identity("sms", "AC1", "+4930123456")
    await rig.store.decide([], [LinkIdentity(home, customer.id, phone, "")])
    theirs = await rig.store.known_customer(phone)
    assert theirs is not None
    holder = Holder(theirs, "their texts", verified=False)
    made = await rig.store.create_ticket(holder, NewTicket("By SMS"), actor="agent", origin="sms")

    async def read(session: dict[str, str]) -> list[str]:
        _, body, _ = await rig.call("GET", f"/api/users/{session['session_id']}/tickets", session["token"])
        return [one["number"] for one in body["tickets"]]

    assert (await read(mine), await read(stranger)) == ([made.number], [])
    await rig.store.decide([], [UnlinkIdentity(customer.id, "customer")])
    assert await read(mine) == []


async def test_who_never_wrote_has_none_and_the_limit_is_a_number(rig: Rig) -> None:
    session = await rig.session()
    path = f"/api/users/{session['session_id']}/tickets"
    assert (await rig.call("GET", path, session["token"]))[1]["tickets"] == []
    for limit in ("0", "501", "many"):
        status, problem, _ = await rig.call("GET", f"{path}?limit={limit}", session["token"])
        assert (status, problem["code"]) == (400, "bad_frame")


async def test_operators_read_everybodys(tmp_path: Path) -> None:
    async with running(tmp_path, KNOWN) as rig:
        known, stranger = await rig.session(user_token=user_token("u1")), await rig.session()
        for session, who in ((known, "u1"), (stranger, stranger["session_id"])):
            await rig.say(session, f"I am {who}", "c1")
            number = await open_ticket(rig, session, f"Of {who}")
            _, body, _ = await rig.call("GET", f"/api/users/{who}/tickets", OPERATOR_TOKEN)
            assert [one["number"] for one in body["tickets"]] == [number]
            _, body, _ = await rig.call("GET", f"/api/users/{who}/history", OPERATOR_TOKEN)
            assert f"I am {who}" in [one["content"] for one in body["messages"]]
        _, body, _ = await rig.call("GET", "/api/users/nobody/tickets", OPERATOR_TOKEN)
        assert body["tickets"] == []
        headers = {"X-Forwarded-For": "203.0.113.9"}
        assert (await rig.call("GET", "/api/users/u1/tickets", OPERATOR_TOKEN, headers=headers))[0] == 401
