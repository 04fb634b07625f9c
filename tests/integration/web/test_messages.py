"""Sending over HTTP."""

from __future__ import annotations

import asyncio
from datetime import datetime

import aiohttp
import pytest

from api.schemas import MessageStored
from core.domain.errors import StoreUnavailable
from tests.integration.web.rig import Rig


async def test_the_answer_comes_with_the_response(rig: Rig) -> None:
    session = await rig.session()
    status, answer = await rig.say(session, "How do I reset my password?", "c1")
    assert status == 200
    assert answer["message"] == "You wrote: How do I reset my password? [1]"
    assert answer["sources"] == [
        {
            "id": "p1",
            "title": "Reset a password",
            "content": "Click Forgot password.",
            "metadata": {"source": "faq.json", "page": None, "section": "Account", "url": None},
            "relevance_score": 0.9,
        }
    ]
    assert answer["confidence"] == 0.9
    assert answer["intent"] == "echo"
    assert answer["status"] == "bot"
    assert answer["requires_escalation"] is False
    assert answer["session_id"] == session["session_id"]
    assert answer["sentiment"] == "neutral"
    assert {"ticket", "timestamp"} <= answer.keys()
    assert datetime.fromisoformat(answer["timestamp"]).tzinfo is not None


async def test_the_answer_says_how_the_customer_sounds(rig: Rig) -> None:
    session = await rig.session()
    _, answer = await rig.say(session, "Your service is terrible, I am fed up and furious!", "c1")
    assert answer["sentiment"] == "frustrated"
    _, answer = await rig.say(session, "Thank you, that was excellent!", "c2")
    assert answer["sentiment"] == "positive"


async def test_the_same_client_id_is_answered_not_repeated(rig: Rig) -> None:
    session = await rig.session()
    _, first = await rig.say(session, "Hello", "same")
    status, second = await rig.say(session, "Hello", "same")
    assert status == 200
    assert second == first
    assert rig.responder.turns == 1
    assert len(await _history(rig, session)) == 2


async def test_two_at_once_with_the_same_client_id_are_one_message(rig: Rig) -> None:
    session = await rig.session()
    answers = await asyncio.gather(*(rig.say(session, "Hello", "same") for _ in range(5)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["message_id"] for _, answer in answers}) == 1
    assert len(await _history(rig, session)) == 2


async def test_without_waiting_the_commit_is_acknowledged(rig: Rig) -> None:
    rig.responder.gate.clear()
    session = await rig.session()
    status, body = await rig.say(session, "Hello", "c1", query="?wait=0")
    assert status == 202
    assert set(body) == set(MessageStored.model_fields)
    assert body["client_id"] == "c1"
    assert body["status"] == "bot"
    assert body["cursor"] == 1
    assert [message["id"] for message in await _history(rig, session)] == [body["id"]]


async def test_an_answer_that_takes_longer_is_202(rig: Rig) -> None:
    rig.responder.gate.clear()
    session = await rig.session()
    status, body = await rig.say(session, "Hello", "c1", query="?wait=0.2")
    assert status == 202
    assert body["status"] == "bot"
    rig.responder.gate.set()
    status, answer = await rig.say(session, "Hello", "c1")
    assert status == 200
    assert answer["message"] == "You wrote: Hello [1]"


async def test_what_was_stored_is_202_even_when_the_reply_cannot_be_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> object:
        raise StoreUnavailable("the database went away after the commit")

    session = await rig.session()
    # A reply that comes later is handed out without being read.
    assert (await rig.say(session, "Hello", "c1"))[0] == 200
    with monkeypatch.context() as broken:
        broken.setattr(rig.store, "read", away)
        status, body = await rig.say(session, "Hello", "c1")
    assert (status, body["client_id"]) == (202, "c1")
    status, answer = await rig.say(session, "Hello", "c1")
    assert (status, answer["message"]) == (200, "You wrote: Hello [1]")


async def test_escalation_is_answered_and_then_the_agent_goes_on_where_nobody_is_there(rig: Rig) -> None:
    session = await rig.session()
    status, answer = await rig.say(session, "I want a person", "c1")
    assert status == 200
    assert answer["requires_escalation"] is True
    assert answer["status"] == "queued"
    assert answer["kind"] == "notice"
    status, further = await rig.say(session, "Are you there?", "c2")
    assert (status, further["status"], further["message"]) == (200, "queued", "You wrote: Are you there? [1]")
    assert await rig.say(session, "I want a person", "c1") == (200, answer)


async def test_a_question_and_a_wish_in_one_message_are_both_answered(rig: Rig) -> None:
    session = await rig.session()
    status, answer = await rig.say(session, "How do refunds work? I want a person to call me", "c1")
    asked, said, notice = await _history(rig, session)
    assert (status, asked["author"], said["author"], notice["kind"]) == (200, "customer", "agent", "notice")
    assert answer["message"] == f"Press Refund [1].\n\n{notice['content']}"
    assert "speak to a person" in answer["message"]
    assert [source["id"] for source in answer["sources"]] == ["p1"]
    assert (answer["requires_escalation"], answer["status"], answer["kind"]) == (True, "queued", "answer")
    assert (answer["message_id"], answer["cursor"]) == (said["id"], notice["cursor"])
    assert await rig.say(session, "How do refunds work? I want a person to call me", "c1") == (200, answer)


async def test_a_form_with_files_is_one_message(rig: Rig) -> None:
    session = await rig.session()
    status, answer = await _post_form(rig, session, "form-1", b"Total: 12 EUR")
    assert status == 200
    assert answer["message"] == "You wrote: See file [1]"
    (message, _) = await _history(rig, session)
    assert [file["name"] for file in message["attachments"]] == ["bill.txt"]
    assert len(rig.uploads) == 1


async def test_the_same_form_again_stores_no_file_twice(rig: Rig) -> None:
    session = await rig.session()
    first = await _post_form(rig, session, "form-1", b"Total: 12 EUR")
    assert await _post_form(rig, session, "form-1", b"Total: 12 EUR") == first
    assert len(rig.uploads) == 1
    (message, _) = await _history(rig, session)
    assert len(message["attachments"]) == 1


async def test_a_form_that_could_not_be_stored_leaves_no_file_behind(rig: Rig) -> None:
    session = await rig.session()
    rig.trouble["See file"] = 2
    rig.lost_replies["See file"] = 1
    statuses = [(await _post_form(rig, session, "form-1", b"Total: 12 EUR"))[0] for _ in range(4)]
    assert statuses == [503, 503, 503, 200]
    (message, _) = await _history(rig, session)
    assert [file["name"] for file in message["attachments"]] == ["bill.txt"]
    assert len(await rig.store.stale_attachments(-60.0, 10)) == 0


async def test_messages_and_history_belong_to_one_session(rig: Rig) -> None:
    mine, theirs = await rig.session(), await rig.session()
    await rig.say(mine, "secret", "c1")
    status, problem, _ = await rig.call("GET", f"/api/sessions/{mine['session_id']}/history", theirs["token"])
    assert (status, problem["code"]) == (403, "not_allowed")
    status, problem, _ = await rig.call("GET", f"/api/sessions/{mine['session_id']}/history")
    assert (status, problem["code"]) == (401, "unauthenticated")


async def test_history_comes_in_pages(rig: Rig) -> None:
    session = await rig.session()
    for number in range(3):
        await rig.say(session, f"message {number}", f"c{number}")
    path = f"/api/sessions/{session['session_id']}/history"
    _, page, _ = await rig.call("GET", f"{path}?limit=4", session["token"])
    assert page["has_more"] is True
    assert [message["author"] for message in page["messages"]] == ["customer", "agent"] * 2
    _, rest, _ = await rig.call("GET", f"{path}?limit=4&after={page['cursor']}", session["token"])
    assert [message["content"] for message in rest["messages"]] == ["message 2", "You wrote: message 2 [1]"]
    assert rest["has_more"] is False


async def _history(rig: Rig, session: dict[str, str]) -> list[dict[str, object]]:
    _, body, _ = await rig.call("GET", f"/api/sessions/{session['session_id']}/history", session["token"])
    messages: list[dict[str, object]] = body["messages"]
    return messages


async def _post_form(rig: Rig, session: dict[str, str], client_id: str, content: bytes) -> tuple[int, dict[str, str]]:
    form = aiohttp.FormData()
    form.add_field("message", "See file")
    form.add_field("client_id", client_id)
    form.add_field("attachments", content, filename="bill.txt", content_type="text/plain")
    path = f"/api/chat/sessions/{session['session_id']}/messages"
    status, body, _ = await rig.call("POST", path, session["token"], data=form)
    return status, body
